using ChannelsNet.Routing;

namespace ChannelsNet;

/// <summary>Options of HTTP for a part of the routes.</summary>
public static class HttpApplicationExtensions
{
    /// <summary>Changes the options of HTTP for one application, or for all behind one router.</summary>
    /// <param name="application">A consumer or a router.</param>
    /// <param name="configure">Gets the host's options, or those of an outer router, and changes what is to be different.</param>
    /// <example>
    /// <code>
    /// ["upload/"] = Consumer.For&lt;UploadConsumer&gt;().WithHttpOptions(options => options.MaxRequestBodySize = 10 * 1024 * 1024),
    /// </code>
    /// </example>
    public static IApplication WithHttpOptions(this IApplication application, Action<HttpConnectionOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(application);
        ArgumentNullException.ThrowIfNull(configure);
        return new ChangedRoutes(application, route => route with { ConfigureHttp = configure + route.ConfigureHttp });
    }
}
