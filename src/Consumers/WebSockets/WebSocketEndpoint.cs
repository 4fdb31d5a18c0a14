using ChannelsNet.Draining;
using ChannelsNet.Http;
using ChannelsNet.Security;
using ChannelsNet.Telemetry;
using ChannelsNet.WebSockets.Limits;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ChannelsNet.WebSockets;

/// <summary>Lets an application serve the WebSockets of one route.</summary>
internal sealed class WebSocketEndpoint(
    IApplication application, WebSocketRoute route, ConnectionPlaces places, IServiceProvider services, OpenConnections connections)
{
    /// <summary>When a client is to come back that comes while the host stops: another node takes it at once.</summary>
    private static readonly TimeSpan _comeBack = TimeSpan.FromSeconds(1);

    public async Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        using var place = places.Take(context, route.Name, out var refusal);
        if ((refusal ?? AuthenticationExpiry.RefusalOf(context, route)) is { } refused)
        {
            await Refusals.WriteAsync(context.Response, refused).ConfigureAwait(false);
            return;
        }

        ReadOnlySession.Install(context);
        var connection = new WebSocketConnection(context, route);
        if (!connections.TryAdd(connection))
        {
            route.RefusedClients.Count(RefusalReason.Draining, route.Name);
            await Refusals.WriteAsync(context.Response, OpenConnections.Unavailable(_comeBack)).ConfigureAwait(false);
            return;
        }

        using var expiry = AuthenticationExpiry.Watch(context, route, connection);
        try
        {
            await connection.ServeAsync(application, ScopeOf(context, connection)).ConfigureAwait(false);
        }
        finally
        {
            connections.Remove(connection);
        }
    }

    private Scope ScopeOf(HttpContext context, WebSocketConnection connection) => new()
    {
        Type = Scope.WebSocket,
        Services = services,
        Path = context.Request.Path,
        RouteValues = new RouteValueDictionary(context.Request.RouteValues),
        Subprotocols = WebSocketHandshake.Subprotocols(context),
        Request = connection.Request,
    };
}
