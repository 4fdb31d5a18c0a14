using ChannelsNet.Security;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet;

/// <summary>
/// The policy of a group (<c>AddGroupPolicy</c>) does not admit the user of this connection. Handle it to answer the client in your own way; if nobody does,
/// the client is refused with 403, or closed with 3003 if it has been accepted already.
/// </summary>
public sealed class GroupDeniedException : Exception, IRefusing
{
    internal GroupDeniedException(string group, string policy)
        : base($"The policy \"{policy}\" does not admit this connection's user to the group \"{group}\". Authorize the client before it joins, or handle the "
            + $"{nameof(GroupDeniedException)}; else the client is refused.") => (Group, Policy) = (group, policy);

    /// <summary>The group's name.</summary>
    public string Group { get; }

    /// <summary>The name of the policy.</summary>
    public string Policy { get; }

    Refusal IRefusing.Refusal => new(StatusCodes.Status403Forbidden, "You may not join this group.") { CloseCode = CloseCodes.Forbidden, IsCounted = true };
}
