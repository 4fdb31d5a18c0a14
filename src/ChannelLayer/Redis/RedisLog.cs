using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis;

internal static partial class RedisLog
{
    [LoggerMessage(1, LogLevel.Warning, "Redis at {Server} can't be reached; trying on")]
    public static partial void NotReached(ILogger logger, string? server);

    [LoggerMessage(2, LogLevel.Warning, "Connection to Redis at {Server} lost ({Connection}, {Failure}): {Reason}; trying on")]
    public static partial void Lost(ILogger logger, string? server, ConnectionType connection, ConnectionFailureType failure, string? reason);

    [LoggerMessage(3, LogLevel.Information, "Connection to Redis at {Server} is back")]
    public static partial void Restored(ILogger logger, string? server);

    [LoggerMessage(5, LogLevel.Information, "Lease {Lease} is held by this process ({Token})")]
    public static partial void LeaseTaken(ILogger logger, string lease, string token);

    [LoggerMessage(6, LogLevel.Information, "Lease {Lease} is no longer held by this process ({Token})")]
    public static partial void LeaseLost(ILogger logger, string lease, string token);

    [LoggerMessage(7, LogLevel.Warning, "Lease {Lease} can't be asked for: {Reason}; trying on")]
    public static partial void LeaseUnknown(ILogger logger, string lease, string reason);

    [LoggerMessage(8, LogLevel.Warning, "Can't subscribe to {RedisChannel} now: {Reason}; trying on")]
    public static partial void NotSubscribed(ILogger logger, string redisChannel, string reason);

    [LoggerMessage(9, LogLevel.Debug, "Can't unsubscribe from {RedisChannel}: {Reason}")]
    public static partial void NotUnsubscribed(ILogger logger, string redisChannel, string reason);

    [LoggerMessage(10, LogLevel.Warning, "Can't read from Redis at {Server} now: {Reason}; trying on")]
    public static partial void NotRead(ILogger logger, string server, string reason);

    [LoggerMessage(11, LogLevel.Warning, "Can't join group {Group} in Redis now: {Reason}; it is done when Redis is back")]
    public static partial void NotJoined(ILogger logger, string group, string reason);

    [LoggerMessage(12, LogLevel.Debug, "Can't leave group {Group} in Redis: {Reason}")]
    public static partial void NotLeft(ILogger logger, string group, string reason);

    [LoggerMessage(14, LogLevel.Warning, "Redis at {Server} is back, but not all subscriptions are; subscribing again")]
    public static partial void Resubscribing(ILogger logger, string server);

    [LoggerMessage(15, LogLevel.Warning, "Can't subscribe again at {Server} now: {Reason}; trying on")]
    public static partial void NotResubscribed(ILogger logger, string server, string reason);
}
