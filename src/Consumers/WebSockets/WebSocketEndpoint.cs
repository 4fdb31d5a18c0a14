using ChannelsNet.Draining;
using ChannelsNet.Http;
using ChannelsNet.Security;
using ChannelsNet.Telemetry;
using ChannelsNet.WebSockets.Limits;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.WebSockets;

/// <summary>Lets an application serve the WebSockets of one route.</summary>
internal sealed class WebSocketEndpoint(
    IApplication application, WebSocketRoute route, ConnectionPlaces places, IServiceProvider services, OpenConnections connections)
{
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
        using var connection = new WebSocketConnection(context, route);
        if (!connections.TryAdd(connection))
        {
            route.RefusedClients.Count(RefusalReason.Draining, route.Name);
            await Refusals.WriteAsync(context.Response, OpenConnections.Refusal).ConfigureAwait(false);
            return;
        }

        using var expiry = AuthenticationExpiry.Watch(context, route, connection);
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
