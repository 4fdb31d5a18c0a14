using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ChannelsNet.Telemetry;

/// <summary>Measures how long consumers take for an event, in <c>channels.consumer.duration</c> with the tags "consumer" and "event".</summary>
internal sealed class ConsumerMeter(IMeterFactory meters)
{
    /// <summary>The meter of everything in this package.</summary>
    public const string Name = "ChannelsNet.Consumers";

    private const string LayerMessage = "message";

    private readonly Histogram<double> _duration = meters.Create(Name).CreateHistogram(
        "channels.consumer.duration",
        "s",
        "How long a consumer took for one event.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] });

    /// <summary>Lets a consumer handle what its client did.</summary>
    public Task<bool> DispatchAsync(Consumer consumer, ClientEvent clientEvent) => _duration.Enabled
        ? MeasureAsync(consumer, KindOf(clientEvent), () => consumer.DispatchAsync(clientEvent))
        : consumer.DispatchAsync(clientEvent);

    /// <summary>Lets a consumer handle a message that the layer brought.</summary>
    public Task DispatchAsync(Consumer consumer, Message message) => _duration.Enabled
        ? MeasureAsync(consumer, LayerMessage, async () =>
        {
            await consumer.DispatchTracedAsync(message).ConfigureAwait(false);
            return true;
        })
        : consumer.DispatchTracedAsync(message);

    private static string KindOf(ClientEvent clientEvent) => clientEvent switch
    {
        WebSocketConnect => "connect",
        WebSocketReceive => "receive",
        WebSocketDisconnect or HttpDisconnect => "disconnect",
        HttpRequestBody => "request",
        HttpTimeout => "timeout",
        WorkerReceive => LayerMessage,
        _ => "other",
    };

    private async Task<bool> MeasureAsync(Consumer consumer, string kind, Func<Task<bool>> handle)
    {
        var began = Stopwatch.GetTimestamp();
        var tags = new TagList { { "consumer", consumer.GetType().Name }, { "event", kind } };
        try
        {
            return await handle().ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            tags.Add("error.type", fault.GetType().FullName);
            throw;
        }
        finally
        {
            _duration.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, tags);
        }
    }
}
