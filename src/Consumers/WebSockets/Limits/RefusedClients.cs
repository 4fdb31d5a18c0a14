using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.WebSockets.Limits;

/// <summary>Why a client was refused, closed, or kept out of a group.</summary>
internal enum RefusalReason
{
    MaxConnections,
    MaxConnectionsPerUser,
    MaxMessagesPerSecond,
    MaxGroups,
    GroupPolicy,
    AuthenticationExpired,
}

/// <summary>
/// Counts whom a limit, a policy or the end of an authentication has stopped, in the metric <c>channels.websocket.refused</c> with the tags "reason" and
/// "route", and tells it in the log: per route and reason at most one line in ten seconds, with the number since the last.
/// </summary>
internal sealed class RefusedClients(IMeterFactory meters, TimeProvider time, ILogger<RefusedClients> logger)
{
    private readonly ConcurrentDictionary<(string Route, RefusalReason Reason), QuietCount> _told = new();
    private readonly Counter<long> _counter = meters.Create("ChannelsNet.Consumers").CreateCounter<long>(
        "channels.websocket.refused", "{refusal}", "Clients that were refused, closed, or kept out of a group.");

    /// <param name="reason">Why.</param>
    /// <param name="route">The pattern of the route.</param>
    /// <param name="why">The same in words, which hold nothing that a client has sent.</param>
    public void Add(RefusalReason reason, string route, string why)
    {
        _counter.Add(1, new("reason", TagOf(reason)), new("route", route));
        if (_told.GetOrAdd((route, reason), static _ => new QuietCount()).Add(1, time, out var since))
        {
            // That the server is full is something to do for who runs it; the others are the clients' matter.
            var level = reason == RefusalReason.MaxConnections ? LogLevel.Warning : LogLevel.Information;
            WebSocketLog.Refused(logger, level, route, since, why);
        }
    }

    private static string TagOf(RefusalReason reason) => reason switch
    {
        RefusalReason.MaxConnections => "max_connections",
        RefusalReason.MaxConnectionsPerUser => "max_connections_per_user",
        RefusalReason.MaxMessagesPerSecond => "max_messages_per_second",
        RefusalReason.MaxGroups => "max_groups",
        RefusalReason.GroupPolicy => "group_policy",
        _ => "authentication_expired",
    };
}
