using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ChannelsNet.Telemetry;

/// <summary>Metrics and traces of this demo, sent by OTLP to where OpenTelemetry's own variables of the environment say; without them nowhere.</summary>
internal static class TelemetryServices
{
    public static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is not { Length: > 0 })
        {
            return;
        }

        // The variables come last, so that they win.
        builder.Services.AddOpenTelemetry().AddChannelsInstrumentation()
            .ConfigureResource(resource => resource
                .AddService(builder.Environment.ApplicationName, serviceInstanceId: Environment.MachineName).AddEnvironmentVariableDetector())
            .WithMetrics(all => all.AddMeter("Microsoft.AspNetCore.Server.Kestrel", "System.Runtime").AddOtlpExporter())
            .WithTracing(all => all.AddSource("Microsoft.AspNetCore").AddOtlpExporter());
    }
}
