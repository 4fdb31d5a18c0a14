using ChannelsNet.Background;
using ChannelsNet.Hosting;
using ChannelsNet.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Http;

/// <summary>What the requests of one route have in common.</summary>
internal sealed record HttpRoute(HttpConnectionOptions Options, ConsumerServices Services, ILogger Logger)
{
    public static HttpRoute Create(ApplicationRoute route, IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<HttpConnectionOptions>>().Value.Copy();
        route.ConfigureHttp?.Invoke(options);
        return new HttpRoute(options, services.GetRequiredService<ConsumerServices>(), SafeLogger.Of(services.GetRequiredService<ILogger<HttpConnection>>()));
    }
}
