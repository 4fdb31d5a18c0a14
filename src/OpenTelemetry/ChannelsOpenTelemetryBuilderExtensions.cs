using ChannelsNet.Telemetry;
using OpenTelemetry;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The door of ChannelsNet into OpenTelemetry.</summary>
public static class ChannelsOpenTelemetryBuilderExtensions
{
    /// <summary>
    /// Adds the metrics of the layers and of the consumers (meters <c>ChannelsNet.ChannelLayer</c> and <c>ChannelsNet.Consumers</c>) and the traces from
    /// where a message is sent to where it is handled (source <c>ChannelsNet</c>).
    /// </summary>
    /// <param name="builder">What <c>services.AddOpenTelemetry()</c> returns.</param>
    /// <returns>The builder.</returns>
    public static TBuilder AddChannelsInstrumentation<TBuilder>(this TBuilder builder)
        where TBuilder : IOpenTelemetryBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder
            .WithMetrics(metrics => metrics.AddMeter(LayerMeter.Name, "ChannelsNet.Consumers"))
            .WithTracing(tracing => tracing.AddSource(ChannelsActivities.SourceName));
        return builder;
    }
}
