using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis;

internal static partial class RedisLog
{
    [LoggerMessage(1, LogLevel.Warning, "Redis at {Server} can't be reached; trying on")]
    public static partial void NotReached(ILogger logger, string? server);

    [LoggerMessage(2, LogLevel.Warning, "Connection to Redis at {Server} lost ({Connection}, {Failure}): {Reason}; trying on")]
    public static partial void Lost(ILogger logger, string? server, ConnectionType connection, ConnectionFailureType failure, string? reason);

    [LoggerMessage(3, LogLevel.Information, "Connection to Redis at {Server} is back ({Connection})")]
    public static partial void Restored(ILogger logger, string? server, ConnectionType connection);

    [LoggerMessage(4, LogLevel.Warning, "A message on {RedisChannel} can't be read and was dropped: {Reason}")]
    public static partial void Unreadable(ILogger logger, string redisChannel, string reason);

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
}
