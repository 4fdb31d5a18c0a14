using ChannelsNet.WebSockets;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet.Security;

/// <summary>
/// A token that a client has sent among the subprotocols that it offers, as <c>bearer.TOKEN</c>: a page in a browser can set no other header of a
/// WebSocket's request, and in the URL the token would be in logs.
/// </summary>
internal sealed class BearerSubprotocol
{
    private const string Prefix = "bearer.";

    private readonly string? _answer;

    private BearerSubprotocol(string? answer) => _answer = answer;

    /// <summary>Moves the token to where authentication looks for it, so that nobody behind sees it as a subprotocol.</summary>
    /// <exception cref="InvalidOperationException">Authentication has looked already.</exception>
    public static void Move(HttpContext context)
    {
        var headers = context.Request.Headers;
        var offered = headers.GetCommaSeparatedValues(HeaderNames.SecWebSocketProtocol);
        if (Array.Find(offered, IsToken) is not { } token)
        {
            return;
        }

        if (context.Features.Get<IAuthenticationFeature>() is not null)
        {
            throw new InvalidOperationException(
                "UseWebSocketBearerTokens has found a token when authentication had looked for one already. Write app.UseAuthentication() behind "
                + "app.UseWebSocketBearerTokens(); where it is not written, a WebApplication authenticates before everything else.");
        }

        var left = Array.FindAll(offered, protocol => !IsToken(protocol));
        headers.SecWebSocketProtocol = left.Length > 0 ? string.Join(", ", left) : default;
        context.Features.Set(new BearerSubprotocol(Array.Find(left, HttpToken.Is)));
        if (headers.Authorization.Count == 0 && token.Length > Prefix.Length)
        {
            headers.Authorization = $"Bearer {token[Prefix.Length..]}";
        }
    }

    /// <summary>
    /// The subprotocol to accept if the application names none: a browser refuses an answer without one when it has offered some, and it may have offered
    /// some only to send the token. Null if no token was sent so.
    /// </summary>
    public static string? Answer(HttpContext context) => context.Features.Get<BearerSubprotocol>()?._answer;

    private static bool IsToken(string protocol) => protocol.StartsWith(Prefix, StringComparison.Ordinal);
}
