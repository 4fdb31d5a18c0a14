using ChannelsNet.Routing;
using ChannelsNet.Security;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Tokens that clients send among the subprotocols.</summary>
public static class WebSocketBearerTokensExtensions
{
    /// <summary>
    /// Takes a token from a page in a browser, which can set no <c>Authorization</c> header of a WebSocket: the page offers the subprotocols
    /// <c>["channels", "bearer.TOKEN"]</c>, and this makes <c>Authorization: Bearer TOKEN</c> of it, for WebSockets only and where there is no such header
    /// already. The token is no subprotocol any more for what comes after. Write it before <c>UseAuthentication</c>, which has to be written then.
    /// </summary>
    /// <remarks>
    /// A browser refuses an answer without a subprotocol when it has offered some. So if a consumer accepts without one, the first that was offered beside the
    /// token is answered. The token must be of characters that a subprotocol may have, as a JWT is: letters, digits and <c>-._~+</c>, but no <c>/</c> and no
    /// <c>=</c>.
    /// </remarks>
    /// <example>
    /// <code>
    /// app.UseWebSocketBearerTokens();
    /// app.UseAuthentication();
    /// app.UseAuthorization();
    /// </code>
    /// </example>
    public static IApplicationBuilder UseWebSocketBearerTokens(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app.Use((context, next) =>
        {
            if (ProtocolMatcherPolicy.IsWebSocket(context))
            {
                BearerSubprotocol.Move(context);
            }

            return next(context);
        });
    }
}
