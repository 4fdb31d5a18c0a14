using System.Diagnostics;
using System.Diagnostics.Metrics;
using ChannelsNet.Telemetry;

namespace ChannelsNet.Workers;

/// <summary>What became of a message that a worker has taken.</summary>
internal enum WorkerOutcome
{
    /// <summary>Its handler has ended.</summary>
    Handled,

    /// <summary>Its handler has thrown, or there was none.</summary>
    Failed,

    /// <summary>The host's time to stop was over before its handler had ended.</summary>
    Abandoned,

    /// <summary>It had not been begun when the host's time to stop was over, and is on its channel again.</summary>
    Returned,

    /// <summary>It had not been begun when the host's time to stop was over, and could not be sent back.</summary>
    Lost,
}

/// <summary>
/// Counts the messages of workers in <c>channels.worker.messages</c>, and measures the handling of those that were begun and ended in
/// <c>channels.worker.duration</c>, both with the tags "channel", "layer" and "outcome".
/// </summary>
internal sealed class WorkerMeter
{
    private readonly Counter<long> _messages;
    private readonly Histogram<double> _duration;

    public WorkerMeter(IMeterFactory meters)
    {
        var meter = meters.Create(ConsumerMeter.Name);
        _messages = meter.CreateCounter<long>("channels.worker.messages", "{message}", "Messages that a worker has taken, by what became of them.");
        _duration = meter.CreateHistogram<double>("channels.worker.duration", "s", "How long the handling of a message took.");
    }

    public void Add(string channel, string layer, WorkerOutcome outcome, int count) =>
        _messages.Add(count, new("channel", channel), new("layer", layer), new("outcome", TagOf(outcome)));

    public void Record(string channel, string layer, WorkerOutcome outcome, TimeSpan took) =>
        _duration.Record(took.TotalSeconds, new("channel", channel), new("layer", layer), new("outcome", TagOf(outcome)));

    internal static string TagOf(WorkerOutcome outcome) => outcome switch
    {
        WorkerOutcome.Handled => "handled",
        WorkerOutcome.Failed => "failed",
        WorkerOutcome.Abandoned => "abandoned",
        WorkerOutcome.Returned => "returned",
        WorkerOutcome.Lost => "lost",
        _ => throw new UnreachableException($"There is no tag for {outcome}."),
    };
}
