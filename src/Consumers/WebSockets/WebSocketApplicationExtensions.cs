using ChannelsNet.Routing;

namespace ChannelsNet;

/// <summary>Options of WebSockets for a part of the routes.</summary>
public static class WebSocketApplicationExtensions
{
    /// <summary>Changes the options of WebSockets for one application, or for all behind one router.</summary>
    /// <param name="application">A consumer or a router.</param>
    /// <param name="configure">Gets the host's options, or those of an outer router, and changes what is to be different.</param>
    /// <example>
    /// <code>
    /// ["clock/"] = Consumer.For&lt;ClockConsumer&gt;().WithWebSocketOptions(options => options.WhenFull = WhenFull.KeepLatest),
    /// </code>
    /// </example>
    public static IApplication WithWebSocketOptions(this IApplication application, Action<WebSocketConnectionOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(application);
        ArgumentNullException.ThrowIfNull(configure);
        return new ChangedRoutes(application, route => route with { Configure = configure + route.Configure });
    }
}
