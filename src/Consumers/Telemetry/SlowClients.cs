using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ChannelsNet.Background;
using ChannelsNet.WebSockets;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Telemetry;

/// <summary>
/// Counts what clients miss because they read too slowly, in the metric <c>channels.websocket.dropped</c> with the tags "policy" and "route", and tells it in
/// the log: per route at most one line in ten seconds, with the number since the last.
/// </summary>
internal sealed class SlowClients(IMeterFactory meters, TimeProvider time, ILogger<SlowClients> logger)
{
    private readonly ILogger _logger = SafeLogger.Of(logger);
    private readonly ConcurrentDictionary<string, QuietCount> _told = new();
    private readonly Counter<long> _counter = meters.Create(ConsumerMeter.Name).CreateCounter<long>(
        "channels.websocket.dropped", "{message}", "Messages that a client missed because it read too slowly.");

    public void Dropped(int count, WebSocketRoute route, string connection)
    {
        var policy = route.Options.WhenFull;
        _counter.Add(count, new("policy", TagOf(policy)), route.Tag);
        if (_told.GetOrAdd(route.Name, static _ => new QuietCount()).Add(count, time, out var since))
        {
            WebSocketLog.SlowClient(_logger, route.Name, connection, since, policy);
        }
    }

    internal static string TagOf(WhenFull policy) => policy switch
    {
        WhenFull.Disconnect => "disconnect",
        WhenFull.DropOldest => "drop_oldest",
        WhenFull.DropNewest => "drop_newest",
        WhenFull.KeepLatest => "keep_latest",
        _ => throw new UnreachableException($"There is no tag for {policy}."),
    };
}
