using ChannelsNet.Background;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Redis.Leases;

/// <summary>Leases as keys in Redis, taken, renewed and given up by the lock commands of StackExchange.Redis.</summary>
internal sealed class RedisLeases(RedisConnection connection, RedisNames names, TimeProvider time, ILogger logger) : ILeases
{
    public ILease Open(string name)
    {
        var lease = new RedisLease(name, connection, names, time, SafeLogger.Of(logger));
        lease.Start();
        return lease;
    }
}
