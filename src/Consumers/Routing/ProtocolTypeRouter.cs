using ChannelsNet.Routing;

namespace ChannelsNet;

/// <summary>
/// Gives each protocol an application of its own, so that one path can answer a page over HTTP and a consumer over a WebSocket. A
/// request of a protocol that has none goes on to the rest of the ASP.NET Core pipeline.
/// </summary>
public sealed class ProtocolTypeRouter : IApplication, IRouter, IChannelRouter
{
    /// <summary>Serves WebSockets; usually a <see cref="UrlRouter"/>. Default: none.</summary>
    public IApplication? WebSocket { get; init; }

    /// <summary>
    /// Serves HTTP requests that are no WebSockets, of any method; usually a <see cref="UrlRouter"/>. What it has no route for goes on to the rest of the
    /// ASP.NET Core pipeline. Default: none.
    /// </summary>
    public IApplication? Http { get; init; }

    /// <summary>
    /// Serves the channels of workers; usually a <see cref="ChannelNameRouter"/>. <c>AddWorker</c> runs it, <c>MapChannels</c> does not. Default: none.
    /// </summary>
    public IApplication? Channel { get; init; }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">There is no application for the scope's type.</exception>
    public Task RunAsync(Scope scope, IConnection connection)
    {
        ArgumentNullException.ThrowIfNull(scope);
        var application = scope.Type switch
        {
            Scope.WebSocket => WebSocket,
            Scope.Http => Http,
            Scope.Worker => Channel,
            _ => null,
        };
        return (application ?? throw new InvalidOperationException(
            $"There is no application for the protocol \"{scope.Type}\". Expected \"{Scope.WebSocket}\" with {nameof(WebSocket)} set, "
            + $"\"{Scope.Http}\" with {nameof(Http)} set, or \"{Scope.Worker}\" with {nameof(Channel)} set.")).RunAsync(scope, connection);
    }

    IEnumerable<ApplicationRoute> IRouter.Routes => Routes(WebSocket, Scope.WebSocket).Concat(Routes(Http, Scope.Http));

    /// <summary>The ways through one of them; a router of this kind behind it has ways of other protocols, and these are none.</summary>
    private static IEnumerable<ApplicationRoute> Routes(IApplication? application, string protocol) =>
        from route in application is null ? [] : ApplicationRoute.All(application)
        where route.Protocol is null || route.Protocol == protocol
        select route with { Protocol = protocol };

    IReadOnlyCollection<string> IChannelRouter.Channels => ChannelRoute.Channels(Channel);

    IApplication? IChannelRouter.Find(string channel) => ChannelRoute.End(Channel, channel);
}
