using ChannelsNet;
using ChannelsNet.Requests;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The door of publishing over HTTP into the services.</summary>
public static class PublishChannelsBuilderExtensions
{
    /// <summary>
    /// Adds what <c>MapChannelsPublish</c> needs. Answers to requests with an <c>Idempotency-Key</c> are remembered in a
    /// <see cref="Caching.Hybrid.HybridCache"/>: in this process, and in the host's <see cref="Caching.Distributed.IDistributedCache"/> if it has one, so that
    /// all nodes know them.
    /// </summary>
    /// <param name="builder">What <c>AddChannels</c> returns.</param>
    /// <param name="configure">Changes the options.</param>
    public static ChannelsBuilder AddPublish(this ChannelsBuilder builder, Action<PublishOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddHybridCache();
        builder.Services.AddMetrics();
        builder.Services.TryAddSingleton<PublishMeter>();
        builder.Services.AddOptions<PublishOptions>().Configure(options => configure?.Invoke(options));
        return builder;
    }
}
