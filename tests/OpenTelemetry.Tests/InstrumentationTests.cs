using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace ChannelsNet.Telemetry;

public sealed class InstrumentationTests
{
    [MessageType("test.note")]
    private sealed record Note(string Text) : Message;

    [Fact]
    public async Task One_call_exports_the_metrics_and_the_traces()
    {
        var metrics = new List<Metric>();
        var activities = new List<Activity>();
        var services = new ServiceCollection();
        services.AddChannelLayers().AddMessage<Note>();
        services.AddOpenTelemetry().AddChannelsInstrumentation()
            .WithMetrics(all => all.AddInMemoryExporter(metrics))
            .WithTracing(all => all.AddInMemoryExporter(activities));
        await using var provider = services.BuildServiceProvider();
        var meters = provider.GetRequiredService<MeterProvider>();
        var traces = provider.GetRequiredService<TracerProvider>();

        await provider.GetRequiredService<IChannelLayer>().GroupSendAsync("room", new Note("hello"));
        meters.ForceFlush();
        traces.ForceFlush();
        Assert.Contains(metrics, metric => metric.Name == "channels.layer.send.duration");
        Assert.Contains(metrics, metric => metric.Name == "channels.layer.connected");
        Assert.Contains(activities, activity => activity.OperationName == "send test.note");
    }
}
