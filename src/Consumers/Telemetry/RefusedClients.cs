using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ChannelsNet.Background;
using ChannelsNet.WebSockets;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Telemetry;

/// <summary>Why a client was refused, closed, or kept out of a group.</summary>
internal enum RefusalReason
{
    MaxConnections,
    MaxConnectionsPerUser,

    /// <summary>The process has few file descriptors left.</summary>
    FileLimit,
    MaxMessagesPerSecond,
    MaxMessageSize,
    MaxGroups,
    GroupPolicy,
    AuthenticationExpired,

    /// <summary>A page of another site asked.</summary>
    Origin,

    /// <summary>The application closed or refused it instead of accepting it.</summary>
    Application,

    /// <summary>The application neither accepted nor refused it in time.</summary>
    AcceptTimeout,

    /// <summary>The host stops.</summary>
    Draining,

    /// <summary>It broke a rule of RFC 6455 or RFC 7692.</summary>
    ProtocolError,

    /// <summary>It sent text that is no UTF-8.</summary>
    InvalidPayload,

    /// <summary>It did not answer a ping.</summary>
    PingTimeout,

    /// <summary>It took nothing of what was written for too long.</summary>
    WriteTimeout,

    /// <summary>The server itself takes no more WebSockets.</summary>
    ServerLimit,
}

/// <summary>
/// Counts whom the server has stopped, in the metric <c>channels.websocket.refused</c> with the tags "reason" and "route", and tells it in the log: per route
/// and reason at most one line in ten seconds, with the number since the last.
/// </summary>
internal sealed class RefusedClients(IMeterFactory meters, TimeProvider time, ILogger<RefusedClients> logger)
{
    private readonly ILogger _logger = SafeLogger.Of(logger);
    private readonly ConcurrentDictionary<(string Route, RefusalReason Reason), QuietCount> _told = new();
    private readonly Counter<long> _counter = meters.Create(ConsumerMeter.Name).CreateCounter<long>(
        "channels.websocket.refused", "{refusal}", "Clients that were refused, closed, or kept out of a group.");

    /// <summary>Counts one and tells it.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="route">The pattern of the route.</param>
    /// <param name="why">The same in words, which hold nothing that a client has sent.</param>
    public void Add(RefusalReason reason, string route, string why)
    {
        Count(reason, route);
        if (_told.GetOrAdd((route, reason), static _ => new QuietCount()).Add(1, time, out var since))
        {
            // That the server is full, or the program slow, is something to do for who runs it; the others are the clients' matter.
            var level = reason is RefusalReason.MaxConnections or RefusalReason.FileLimit or RefusalReason.ServerLimit or RefusalReason.AcceptTimeout
                ? LogLevel.Warning
                : LogLevel.Information;
            WebSocketLog.Refused(_logger, level, route, since, why);
        }
    }

    /// <summary>Counts one that needs no line of its own.</summary>
    public void Count(RefusalReason reason, string route) => _counter.Add(1, new("reason", TagOf(reason)), new("route", route));

    internal static string TagOf(RefusalReason reason) => reason switch
    {
        RefusalReason.MaxConnections => "max_connections",
        RefusalReason.MaxConnectionsPerUser => "max_connections_per_user",
        RefusalReason.FileLimit => "file_limit",
        RefusalReason.MaxMessagesPerSecond => "max_messages_per_second",
        RefusalReason.MaxMessageSize => "max_message_size",
        RefusalReason.MaxGroups => "max_groups",
        RefusalReason.GroupPolicy => "group_policy",
        RefusalReason.AuthenticationExpired => "authentication_expired",
        RefusalReason.Origin => "origin",
        RefusalReason.Application => "application",
        RefusalReason.AcceptTimeout => "accept_timeout",
        RefusalReason.Draining => "draining",
        RefusalReason.ProtocolError => "protocol_error",
        RefusalReason.InvalidPayload => "invalid_payload",
        RefusalReason.PingTimeout => "ping_timeout",
        RefusalReason.WriteTimeout => "write_timeout",
        RefusalReason.ServerLimit => "server_limit",
        _ => throw new UnreachableException($"There is no tag for {reason}."),
    };
}
