using StackExchange.Redis;

namespace ChannelsNet.Redis;

/// <summary>Every name that ChannelsNet uses in Redis. All but those of channels over publish and subscribe begin with the layer's prefix.</summary>
internal sealed class RedisNames(string prefix, bool sharded = false)
{
    /// <summary>Publish and subscribe: where the messages of a group are published, as channels_redis.pubsub has it.</summary>
    public RedisChannel GroupMessages(string group) => Literal($"{prefix}__group__{group}");

    /// <summary>Publish and subscribe: where the messages of a channel are published: its name as it is, as channels_redis.pubsub has it.</summary>
    public RedisChannel ChannelMessages(string channel) => Literal(channel);

    /// <summary>Publish and subscribe: all own channels of one layer object that have this first part.</summary>
    public static RedisChannel OwnChannelMessages(string first, string client) => RedisChannel.Pattern($"{first}.{client}!*");

    /// <summary>Publish and subscribe, sharded, where patterns are not possible: the messages of all own channels with this non-local part.</summary>
    public RedisChannel ProcessMessages(ReadOnlySpan<char> nonLocalPart) => Literal($"{prefix}__process__{nonLocalPart}");

    /// <summary>Queues: the unread messages of a general channel or of all own channels of a process, a sorted set by time.</summary>
    public RedisKey Queue(ReadOnlySpan<char> nonLocalPart) => $"{prefix}{nonLocalPart}";

    /// <summary>Queues: the members of a group, a sorted set by the time of joining.</summary>
    public RedisKey Group(string group) => $"{prefix}:group:{group}";

    /// <summary>Queues: wakes the reader of a process, a sorted set of no meaning.</summary>
    public RedisKey Wake(string client) => $"{prefix}:wake:{client}";

    /// <summary>Queues: all keys of the layer.</summary>
    public string AllKeys => $"{prefix}*";

    /// <summary>Who holds a lease; its value is the holder's token.</summary>
    public RedisKey Lease(string lease) => $"{prefix}:lease:{lease}";

    /// <summary>Who has claimed one turn of a lease; its value is the claimer's token.</summary>
    public RedisKey LeaseTurn(string lease, long turn) => $"{prefix}:lease:{lease}:{turn}";

    /// <summary>In a Cluster all processes publish it by one node, the one of its slot: by any node, messages would overtake one another.</summary>
    private RedisChannel Literal(string name) => sharded ? RedisChannel.Sharded(name) : RedisChannel.Literal(name).WithKeyRouting();
}
