using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace ChannelsNet.Telemetry;

/// <summary>Metrics and traces of this demo, sent by OTLP to where OpenTelemetry's own variables of the environment say; without them nowhere.</summary>
internal static class TelemetryServices
{
    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        var everything = builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 };
        var metrics = everything || builder.Configuration["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] is { Length: > 0 };
        if (!metrics)
        {
            return;
        }

        var telemetry = builder.Services.AddOpenTelemetry().AddChannelsInstrumentation().WithMetrics(all => all
            .AddMeter("Microsoft.AspNetCore.Server.Kestrel", "System.Runtime").AddOtlpExporter());
        if (everything)
        {
            telemetry.WithTracing(all => all.AddSource("Microsoft.AspNetCore").AddOtlpExporter());
        }
    }
}
