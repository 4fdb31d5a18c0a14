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
            Scope.Worker => Channel,
            _ => null,
        };
        return (application ?? throw new InvalidOperationException(
            $"There is no application for the protocol \"{scope.Type}\". Expected \"{Scope.WebSocket}\" with {nameof(WebSocket)} set, "
            + $"or \"{Scope.Worker}\" with {nameof(Channel)} set.")).RunAsync(scope, connection);
    }

    IEnumerable<ApplicationRoute> IRouter.Routes => WebSocket is null ? [] : ApplicationRoute.All(WebSocket);

    IReadOnlyCollection<string> IChannelRouter.Channels => ChannelRoute.Channels(Channel);

    IApplication? IChannelRouter.Find(string channel) => ChannelRoute.End(Channel, channel);
}
