using ChannelsNet;
using ChannelsNet.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The door of the channel layers into the health checks.</summary>
public static class ChannelLayerHealthChecksBuilderExtensions
{
    /// <summary>
    /// Adds what says whether this host is ready to take connections: a check that is unhealthy from the moment in which the host begins to stop, and
    /// <see cref="AddChannelLayer"/> for the default layer. Neither says whether the host lives: for that it is enough that it answers.
    /// </summary>
    /// <param name="builder">The health checks of the host.</param>
    /// <param name="tags">Tags of the checks, to filter by.</param>
    public static IHealthChecksBuilder AddChannels(this IHealthChecksBuilder builder, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddCheck<DrainHealthCheck>("channels", tags: tags).AddChannelLayer(tags: tags);
    }

    /// <summary>Adds a check that is degraded while a connection of a channel layer to its back-end is away.</summary>
    /// <param name="builder">The health checks of the host.</param>
    /// <param name="layer">The name of the layer.</param>
    /// <param name="tags">Tags of the check, to filter by.</param>
    public static IHealthChecksBuilder AddChannelLayer(
        this IHealthChecksBuilder builder, string layer = "default", IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            $"channel layer {layer}",
            provider => new ChannelLayerHealthCheck(provider.GetRequiredKeyedService<IChannelLayerStatus>(layer), layer),
            HealthStatus.Degraded,
            tags));
    }
}
