using StackExchange.Redis;

namespace ChannelsNet.Redis;

/// <summary>Every name that ChannelsNet uses in Redis.</summary>
internal sealed class RedisNames(string prefix)
{
    /// <summary>Where the messages of a group are published, as channels_redis.pubsub has it.</summary>
    public RedisChannel Group(string group) => RedisChannel.Literal($"{prefix}__group__{group}");

    /// <summary>Where the messages of a channel are published: its name as it is, as channels_redis.pubsub has it.</summary>
    public static RedisChannel Channel(string channel) => RedisChannel.Literal(channel);

    /// <summary>All own channels of one layer object that have this first part.</summary>
    public static RedisChannel OwnChannels(string prefix, string client) => RedisChannel.Pattern($"{prefix}.{client}!*");

    /// <summary>Who holds a lease; its value is the holder's token.</summary>
    public RedisKey Lease(string lease) => $"{prefix}:lease:{lease}";

    /// <summary>Who has claimed one turn of a lease; its value is the claimer's token.</summary>
    public RedisKey LeaseTurn(string lease, long turn) => $"{prefix}:lease:{lease}:{turn}";
}
