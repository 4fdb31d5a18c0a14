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

    public Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return Task.CompletedTask;
        }

        var place = places.Take(context, route.Name, out var refusal);
        if (refusal is null && Begin(context, place, out refusal) is { } connection)
        {
            return connection.ServeAsync(application, ScopeOf(context, connection));
        }

        place?.Dispose();
        return Refusals.WriteAsync(context.Response, refusal!);
    }

    /// <param name="context">The request.</param>
    /// <param name="place">Is given back when the connection has ended.</param>
    /// <param name="refusal">How the client is rejected; null if it is served.</param>
    private WebSocketConnection? Begin(HttpContext context, IDisposable? place, out Refusal? refusal)
    {
        refusal = AuthenticationExpiry.RefusalOf(context, route);
        if (refusal is not null)
        {
            return null;
        }

        ReadOnlySession.Install(context);
        var connection = new WebSocketConnection(context, route, connections, place);
        if (connections.TryAdd(connection))
        {
            return connection;
        }

        route.RefusedClients.Count(RefusalReason.Draining, route.Name);
        refusal = OpenConnections.Unavailable(_comeBack);
        return null;
    }

    private Scope ScopeOf(HttpContext context, WebSocketConnection connection) => new()
    {
        Type = Scope.WebSocket,
        Services = services,
        Path = context.Request.Path,
        RouteValues = context.Request.RouteValues is { Count: > 0 } values ? new RouteValueDictionary(values) : null!,
        Subprotocols = WebSocketHandshake.Subprotocols(context),
        Request = connection.Request,
    };
}
