namespace ChannelsNet;

/// <summary>What carries the messages of a layer.</summary>
public enum ChannelLayerBackend
{
    /// <summary>This process's memory: no set-up, and no other process is reached.</summary>
    InMemory,

    /// <summary>
    /// Publish and subscribe of Redis: each message travels once to every process that has a reader. Nothing is kept: what is
    /// sent while nobody listens is gone. Shares groups with Python's <c>channels_redis.pubsub.RedisPubSubChannelLayer</c>.
    /// </summary>
    RedisPubSub,
}

/// <summary>
/// The options of one channel layer, from code or from its entry in the section <c>ChannelLayers</c> of the configuration.
/// Checked when the host starts, all faults at once.
/// </summary>
public sealed class ChannelLayerOptions
{
    /// <summary>What carries the messages. Default: <see cref="ChannelLayerBackend.InMemory"/>.</summary>
    public ChannelLayerBackend Backend { get; set; }

    /// <summary>
    /// The Redis server: <c>redis://[user:password@]host[:port][/database]</c>, <c>rediss://…</c> for TLS, <c>host:port</c>, or a
    /// configuration string of StackExchange.Redis. Default: none, which is <c>localhost:6379</c>. In memory: not used.
    /// </summary>
    public IList<string> Hosts { get; } = [];

    /// <summary>
    /// What the layer's names in Redis begin with. Layers that are to share groups have the same. Default: "asgi", as
    /// channels_redis has it. In memory: not used.
    /// </summary>
    public string Prefix { get; set; } = "asgi";

    /// <summary>How many unread messages a channel may hold; at least 1. Default: 100.</summary>
    public int Capacity { get; set; } = 100;

    /// <summary>
    /// Other capacities for some channels: a pattern of the channel's name ('*' any characters, '?' any one) and a number of
    /// messages. The first pattern that matches counts. Default: none.
    /// </summary>
    public IDictionary<string, int> ChannelCapacity { get; } = new OrderedDictionary<string, int>();

    /// <summary>How long a message waits to be read before it is dropped; above zero. Default: 60 seconds.</summary>
    public TimeSpan Expiry { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// After what time the membership of a channel ends that nobody has added again; above zero. A channel of a living handle
    /// never falls out. Default: one day.
    /// </summary>
    public TimeSpan GroupExpiry { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Every fault of these options, a sentence each.</summary>
    internal IEnumerable<string> Faults()
    {
        if (!Enum.IsDefined(Backend))
        {
            yield return $"{nameof(Backend)} is {Backend}; expected one of {string.Join(", ", Enum.GetNames<ChannelLayerBackend>())}.";
        }

        if (Capacity < 1)
        {
            yield return $"{nameof(Capacity)} is {Capacity}; expected 1 or more.";
        }

        foreach (var (pattern, capacity) in ChannelCapacity.Where(entry => entry.Value < 1))
        {
            yield return $"{nameof(ChannelCapacity)}:{pattern} is {capacity}; expected 1 or more.";
        }

        if (Expiry <= TimeSpan.Zero)
        {
            yield return $"{nameof(Expiry)} is {Expiry}; expected more than zero, such as 00:01:00.";
        }

        if (GroupExpiry <= TimeSpan.Zero)
        {
            yield return $"{nameof(GroupExpiry)} is {GroupExpiry}; expected more than zero, such as 1.00:00:00.";
        }

        if (string.IsNullOrWhiteSpace(Prefix))
        {
            yield return $"{nameof(Prefix)} is empty; expected the first part of the layer's names in Redis, such as \"asgi\".";
        }

        if (Hosts.Count > 1)
        {
            yield return $"{nameof(Hosts)} has {Hosts.Count} entries; expected one.";
        }

        foreach (var host in Hosts)
        {
            if (Redis.RedisAddress.Fault(host) is { } fault)
            {
                yield return fault;
            }
        }
    }
}
