using ChannelsNet.Telemetry;
using OpenTelemetry;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The door of ChannelsNet into OpenTelemetry.</summary>
public static class ChannelsOpenTelemetryBuilderExtensions
{
    /// <summary>
    /// Adds the metrics of the layers, of the consumers and of publishing over HTTP (meters <c>ChannelsNet.ChannelLayer</c>, <c>ChannelsNet.Consumers</c> and
    /// <c>ChannelsNet.Publishing</c>), and the traces from where a message is sent to where it is handled (source <c>ChannelsNet</c>).
    /// </summary>
    /// <param name="builder">What <c>services.AddOpenTelemetry()</c> returns.</param>
    /// <returns>The builder.</returns>
    public static TBuilder AddChannelsInstrumentation<TBuilder>(this TBuilder builder)
        where TBuilder : IOpenTelemetryBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder
            .WithMetrics(metrics => metrics.AddMeter(LayerMeter.Name, "ChannelsNet.Consumers", "ChannelsNet.Publishing"))
            .WithTracing(tracing => tracing.AddSource(ChannelsActivities.SourceName));
        return builder;
    }
}
