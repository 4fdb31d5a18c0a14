using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChannelsNet.WebSockets;

/// <summary>Lets an application serve the WebSockets of one endpoint.</summary>
internal sealed class WebSocketEndpoint(IApplication application)
{
    public async Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var services = context.RequestServices;
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var connection = new WebSocketConnection(
            context,
            services.GetRequiredService<IOptions<WebSocketConnectionOptions>>().Value,
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<WebSocketConnection>>());
        await using (stopping.UnsafeRegister(static state => ((WebSocketConnection)state!).Restart(), connection))
        {
            await application.RunAsync(ScopeOf(context), connection).ConfigureAwait(false);
        }

        await connection.FinishAsync().ConfigureAwait(false);
    }

    private static Scope ScopeOf(HttpContext context) => new()
    {
        Type = Scope.WebSocket,
        Services = context.RequestServices,
        Path = context.Request.Path,
        RouteValues = context.Request.RouteValues,
        Query = context.Request.Query,
        Headers = context.Request.Headers,
        Subprotocols = [.. context.WebSockets.WebSocketRequestedProtocols],
        User = context.User,
        HttpContext = context,
    };
}
