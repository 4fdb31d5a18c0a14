using System.Diagnostics;
using System.Diagnostics.Metrics;
using ChannelsNet.Background;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Telemetry;

/// <summary>
/// The metrics of one layer, of the meter "ChannelsNet.ChannelLayer"; each has the tag "layer". What is lost is counted by <see cref="Drops"/>. Never a
/// tag for a channel or a group: there may be millions.
/// </summary>
internal sealed class LayerMeter
{
    public const string Name = "ChannelsNet.ChannelLayer";

    private readonly KeyValuePair<string, object?> _layer;
    private readonly Histogram<double> _send;
    private readonly Histogram<double> _fanOut;
    private readonly Counter<long> _received;
    private readonly Counter<long> _retried;
    private readonly Meter _meter;

    public LayerMeter(string layer, IMeterFactory meters)
    {
        _layer = new("layer", layer);
        _meter = meters.Create(Name);
        var seconds = new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5] };
        _send = _meter.CreateHistogram(
            "channels.layer.send.duration", "s", "How long it took until the layer had taken a message, with the back-end's answer if it waits for one.", advice: seconds);
        _fanOut = _meter.CreateHistogram(
            "channels.layer.fanout.duration", "s", "How long it took to put a group's message into the mailboxes of its members in this process.", advice: seconds);
        _received = _meter.CreateCounter<long>(
            "channels.layer.received", "{message}", "Messages that were put into a mailbox of this process, one for each reader.");
        _retried = _meter.CreateCounter<long>(
            "channels.layer.retried", "{message}", "Messages that were kept while the back-end was away and sent when it was back.");
    }

    /// <summary>Whether anybody wants to know how long sends take.</summary>
    public bool TimesSends => _send.Enabled;

    /// <summary>A send has ended.</summary>
    /// <param name="isGroup">To a group, or to a channel.</param>
    /// <param name="began">When, of <see cref="Stopwatch"/>.</param>
    /// <param name="fault">Why it failed, in a word or two; null if it did not.</param>
    public void Sent(bool isGroup, long began, string? fault)
    {
        var tags = new TagList { _layer, { "kind", isGroup ? "group" : "channel" } };
        if (fault is not null)
        {
            tags.Add("error.type", fault);
        }

        _send.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, tags);
    }

    /// <summary>Now, if anybody wants to know how long the fan-out takes; else zero.</summary>
    public long BeginFanOut() => _fanOut.Enabled ? Stopwatch.GetTimestamp() : 0;

    public void EndFanOut(long began)
    {
        if (began != 0)
        {
            _fanOut.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, _layer);
        }
    }

    public void Received(int count)
    {
        if (_received.Enabled && count > 0)
        {
            _received.Add(count, _layer);
        }
    }

    public void Retried() => _retried.Add(1, _layer);

    /// <summary>Adds the metrics that are read when somebody asks. One that can't be read has no value then, and the others have theirs.</summary>
    /// <param name="state">The state of the back-end.</param>
    /// <param name="local">What is in this process.</param>
    /// <param name="roundTrip">How long the back-end takes to answer; null if it has none, or that is not known now.</param>
    /// <param name="logger">Gets what a reading throws.</param>
    public void Observe(Func<ChannelLayerState> state, ILocalCounts local, Func<TimeSpan?> roundTrip, ILogger logger)
    {
        _meter.CreateObservableGauge(
            "channels.layer.connected", Reading<int>(() => state() == ChannelLayerState.Connected ? 1 : 0), description: "1 while the layer is connected to all its servers, else 0.");
        _meter.CreateObservableUpDownCounter(
            "channels.layer.groups", Reading<int>(() => local.GroupCount), "{group}", "Groups that have members in this process.");
        _meter.CreateObservableUpDownCounter(
            "channels.layer.members", Reading<int>(() => local.MemberCount), "{membership}", "Memberships in groups that this process knows, one for each channel and group.");
        _meter.CreateObservableUpDownCounter(
            "channels.layer.channels", Reading<int>(() => local.ChannelCount), "{channel}", "Channels of this process that somebody owns, or that have a message or a reader.");
        _meter.CreateObservableUpDownCounter(
            "channels.layer.queued", Reading<int>(() => local.MessageCount), "{message}", "Messages that wait in this process for their readers.");
        _meter.CreateObservableGauge(
            "channels.layer.round_trip", Reading<double>(() => roundTrip()?.TotalSeconds), "s", "How long the slowest server of the back-end took to answer when this was looked at before.");

        Func<IEnumerable<Measurement<TValue>>> Reading<TValue>(Func<TValue?> read)
            where TValue : struct => () =>
            {
                TValue? value = null;
                BackgroundWork.Call("Reading a metric", logger, () => value = read());
                return value is { } known ? [new Measurement<TValue>(known, _layer)] : [];
            };
    }
}

/// <summary>What a layer has in this process, counted when it is asked for.</summary>
internal interface ILocalCounts
{
    /// <summary>Groups with members.</summary>
    int GroupCount { get; }

    /// <summary>Memberships, one for each channel and group.</summary>
    int MemberCount { get; }

    /// <summary>Channels that have a message or a reader, or are somebody's own.</summary>
    int ChannelCount { get; }

    /// <summary>Messages that wait for their readers.</summary>
    int MessageCount { get; }
}
