using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Telemetry;

/// <summary>Why a message did not reach a reader.</summary>
internal enum DropReason
{
    /// <summary>The reader's channel was at its capacity.</summary>
    Full,

    /// <summary>Nobody read it in time.</summary>
    Expired,

    /// <summary>Its bytes are no message, or not for this process's keys.</summary>
    Unreadable,

    /// <summary>The connection to the back-end was away for too long, or broke in the middle.</summary>
    Disconnected,
}

/// <summary>
/// Counts what is lost, in the metric <c>channels.layer.dropped</c> with the tags "reason" and "layer", and tells it in the log: per reason
/// at most one line in ten seconds, with the number since the last.
/// </summary>
internal sealed class Drops
{
    private readonly string _layer;
    private readonly Counter<long> _counter;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly QuietCount[] _told = [.. Enum.GetValues<DropReason>().Select(_ => new QuietCount())];

    public Drops(string layer, IMeterFactory meters, TimeProvider time, ILogger logger)
    {
        _layer = layer;
        _counter = meters.Create(LayerMeter.Name).CreateCounter<long>(
            "channels.layer.dropped", "{message}", "Messages that did not reach a reader, one for each reader.");
        _time = time;
        _logger = logger;
    }

    /// <param name="reason">Why.</param>
    /// <param name="where">The channel or group, or what in Redis.</param>
    /// <param name="count">How many; none is no loss.</param>
    /// <param name="why">More about the reason, for the log.</param>
    public void Add(DropReason reason, string where, int count = 1, string why = "")
    {
        if (count == 0)
        {
            return;
        }

        _counter.Add(count, new("reason", TagOf(reason)), new("layer", _layer));
        if (_told[(int)reason].Add(count, _time, out var since))
        {
            DropsLog.Dropped(_logger, since, reason, where, why);
        }
    }

    internal static string TagOf(DropReason reason) => reason switch
    {
        DropReason.Full => "full",
        DropReason.Expired => "expired",
        DropReason.Unreadable => "unreadable",
        DropReason.Disconnected => "disconnected",
        _ => throw new UnreachableException($"There is no tag for {reason}."),
    };
}

internal static partial class DropsLog
{
    [LoggerMessage(20, LogLevel.Warning, "{Count} messages were dropped ({Reason}), the last for {Where}. {Why}")]
    public static partial void Dropped(ILogger logger, long count, DropReason reason, string where, string why);
}
