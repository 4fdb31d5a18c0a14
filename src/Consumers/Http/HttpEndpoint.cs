using ChannelsNet.Accepting;
using ChannelsNet.Draining;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ChannelsNet.Http;

/// <summary>Lets an application serve the requests of one route.</summary>
internal sealed class HttpEndpoint(IApplication application, HttpRoute route, IServiceProvider services, OpenConnections connections)
{
    /// <summary>When a client is to come back that comes while the host stops.</summary>
    private static readonly TimeSpan _comeBack = TimeSpan.FromSeconds(1);

    public async Task ServeAsync(HttpContext context)
    {
        var connection = new HttpConnection(context, route);
        if (!connections.TryAdd(connection))
        {
            // What can be answered at once still is, as everything else of the host is.
            connection.Drain(_comeBack);
        }
        else if (context.Features.Get<ShortRequestConnection>() is not null)
        {
            // The same without a stop: the consumer can respond at once, but not wait or stream.
            connection.Drain(ShortRequestConnection.RetryAfter);
        }

        try
        {
            await connection.ServeAsync(application, ScopeOf(context, connection)).ConfigureAwait(false);
        }
        finally
        {
            connections.Remove(connection);
        }
    }

    private Scope ScopeOf(HttpContext context, HttpConnection connection) => new()
    {
        Type = Scope.Http,
        Services = services,
        Path = context.Request.Path,
        RouteValues = context.Request.RouteValues is { Count: > 0 } values ? new RouteValueDictionary(values) : null!,
        Request = connection.Request,
    };
}
