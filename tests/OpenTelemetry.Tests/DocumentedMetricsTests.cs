using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Telemetry;

/// <summary>The page of the metrics and the dashboard name what there is.</summary>
public sealed partial class DocumentedMetricsTests
{
    private sealed class AnyConsumer : WebSocketConsumer;

    private sealed class AnyWorker : WorkerConsumer;

    [Fact]
    public async Task The_page_names_every_metric_and_no_other()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "observability.md"));
        var named = NamesOnPage().Matches(page).Select(match => match.Groups[1].Value).Distinct().Order();
        Assert.Equal((await InstrumentsAsync()).Select(instrument => instrument.Name).Distinct().Order(), named);
    }

    [Fact]
    public async Task The_dashboard_shows_metrics_that_there_are()
    {
        var dashboard = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "channelsnet.json"));
        var shown = NamesInQueries().Matches(dashboard).Select(match => match.Value).ToHashSet();
        var known = (await InstrumentsAsync()).SelectMany(InPrometheus).ToHashSet();
        Assert.NotEmpty(shown);
        Assert.Empty(shown.Except(known));
    }

    /// <summary>What a whole program publishes.</summary>
    private static async Task<IEnumerable<Instrument>> InstrumentsAsync()
    {
        var instruments = new ConcurrentQueue<Instrument>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name.StartsWith("ChannelsNet.", StringComparison.Ordinal))
                {
                    instruments.Enqueue(instrument);
                }
            },
        };
        listener.Start();
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddChannels().AddWorker<AnyWorker>("any").AddPublish();
        await using var app = builder.Build();
        app.MapChannels(new ProtocolTypeRouter { WebSocket = new UrlRouter { ["any/"] = Consumer.For<AnyConsumer>() } });
        app.MapChannelsPublish();
        await app.StartAsync();
        return instruments;
    }

    /// <summary>The names that Prometheus gives to what it gets by OTLP: underscores, the unit, and "total" for counters.</summary>
    private static IEnumerable<string> InPrometheus(Instrument instrument)
    {
        var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        var name = instrument.Name.Replace('.', '_') + unit;
        return instrument switch
        {
            Histogram<double> => [$"{name}_bucket", $"{name}_count", $"{name}_sum"],
            Counter<long> => [$"{name}_total"],
            _ => [name],
        };
    }

    [GeneratedRegex(@"`(channels\.[a-z_.]+)`")]
    private static partial Regex NamesOnPage();

    [GeneratedRegex("channels_[a-z_]+")]
    private static partial Regex NamesInQueries();
}
