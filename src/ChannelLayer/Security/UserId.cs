using System.Security.Claims;

namespace ChannelsNet.Security;

/// <summary>
/// Identifies a user by an id and its issuer, since two issuers can give the same id to two users. Every place that tells users apart uses it.
/// </summary>
/// <param name="Kind">The type of the claim; "sub" for <see cref="ClaimTypes.NameIdentifier"/> too, which is the same claim after it was mapped.</param>
/// <param name="Issuer">The issuer of the claim.</param>
/// <param name="Value">The value of the claim.</param>
internal readonly record struct UserId(string Kind, string Issuer, string Value)
{
    /// <summary>The claim of JSON web tokens; not mapped when a scheme has <c>MapInboundClaims = false</c>.</summary>
    private const string Subject = "sub";

    /// <summary>Gets the id of a user.</summary>
    /// <param name="user">The user. Claims of an identity that is not authenticated do not count.</param>
    /// <param name="otherClaims">Types of claims to take, in this order, for a user without an id. Default: none.</param>
    /// <returns>The first claim that is not empty; null for none.</returns>
    public static UserId? Of(ClaimsPrincipal user, params ReadOnlySpan<string> otherClaims)
    {
        if ((Find(user, ClaimTypes.NameIdentifier) ?? Find(user, Subject)) is { } id)
        {
            return new UserId(Subject, id.Issuer, id.Value);
        }

        foreach (var type in otherClaims)
        {
            if (Find(user, type) is { } other)
            {
                return new UserId(type, other.Issuer, other.Value);
            }
        }

        return null;
    }

    private static Claim? Find(ClaimsPrincipal user, string type)
    {
        foreach (var identity in user.Identities)
        {
            if (identity.IsAuthenticated)
            {
                foreach (var claim in identity.Claims)
                {
                    if (claim.Type.Equals(type, StringComparison.OrdinalIgnoreCase) && !string.IsNullOrWhiteSpace(claim.Value))
                    {
                        return claim;
                    }
                }
            }
        }

        return null;
    }
}
