using ChannelsNet.Draining;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.WebSockets;

/// <summary>Lets an application serve the WebSockets of one route.</summary>
internal sealed class WebSocketEndpoint(IApplication application, WebSocketRoute route, IServiceProvider services, OpenConnections connections)
{
    public async Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        using var connection = new WebSocketConnection(context, route);
        if (!connections.TryAdd(connection))
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = "1";
            return;
        }

        try
        {
            await application.RunAsync(ScopeOf(context), connection).ConfigureAwait(false);
            await connection.FinishAsync().ConfigureAwait(false);
        }
        finally
        {
            connections.Remove(connection);
        }
    }

    private Scope ScopeOf(HttpContext context) => new()
    {
        Type = Scope.WebSocket,
        Services = services,
        Path = context.Request.Path,
        RouteValues = context.Request.RouteValues,
        Subprotocols = context.WebSockets.WebSocketRequestedProtocols.AsReadOnly(),
        HttpContext = context,
    };
}
