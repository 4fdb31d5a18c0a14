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

    /// <summary>
    /// Queues in Redis: a message is kept until it is read or expires, and any process may read a general channel, each message once.
    /// Shares channels and groups with Python's <c>channels_redis.core.RedisChannelLayer</c>. Redis 5 or newer; not Redis Cluster,
    /// which it refuses when it is first used.
    /// </summary>
    Redis,
}

/// <summary>What becomes of a message that is sent while the connection to Redis is away.</summary>
public enum WhenDisconnected
{
    /// <summary>
    /// A group message reaches the members in this process at once. For the other processes messages are kept, at most
    /// <see cref="ChannelLayerOptions.RetryBuffer"/> and none longer than <see cref="ChannelLayerOptions.Expiry"/>, and are sent when the
    /// connection is back; when the buffer is full the oldest is dropped, and counted.
    /// </summary>
    Keep,

    /// <summary>
    /// A group message reaches the members in this process at once; then, as for every message, the sender gets a
    /// <see cref="ChannelLayerUnavailableException"/>.
    /// </summary>
    Refuse,
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
    /// The Redis servers. Each is <c>redis://[user:password@]host[:port][/database]</c>, <c>rediss://…</c> for TLS, <c>host:port</c>, or a
    /// configuration string of StackExchange.Redis: for Sentinel <c>host:26379,serviceName=name</c>, for Cluster some of its nodes,
    /// <c>host:port,host:port</c>. Several entries are independent servers among which channels and groups are spread by the hash of
    /// channels_redis; all processes must have the same in the same order. Default: none, which is <c>localhost:6379</c>. In memory: not used.
    /// </summary>
    public IList<string> Hosts { get; } = [];

    /// <summary>
    /// What the layer's names in Redis begin with. Layers that are to share groups have the same. Default: "asgi", as
    /// channels_redis has it. In memory: not used.
    /// </summary>
    public string Prefix { get; set; } = "asgi";

    /// <summary>
    /// How messages are written between processes: "msgpack" or "json", both as channels_redis does, or the name of one's own of
    /// <c>AddSerializer</c>. Default: "msgpack". In memory: not used.
    /// </summary>
    public string Serializer { get; set; } = "msgpack";

    /// <summary>
    /// Keys to encrypt messages with (Fernet, as channels_redis does): the first one writes, every one reads. To change keys, give all
    /// readers the new key as the second, then make it the first, then take the old one away. Default: none, no encryption. In memory: not used.
    /// </summary>
    public IList<string> EncryptionKeys { get; } = [];

    /// <summary>The largest message, in bytes as it is written between processes. Default: 1 MiB. In memory: not used.</summary>
    public int MaxMessageSize { get; set; } = 1024 * 1024;

    /// <summary>
    /// Uses sharded publish and subscribe (Redis 7, Cluster): each group lives on one node, so that more nodes carry more messages. All
    /// processes must have the same. Python can't. Default: false. Only for <see cref="ChannelLayerBackend.RedisPubSub"/>.
    /// </summary>
    public bool Sharded { get; set; }

    /// <summary>
    /// What becomes of a message that is sent while the connection to Redis is away. Default: <see cref="WhenDisconnected.Keep"/>. Only for
    /// <see cref="ChannelLayerBackend.RedisPubSub"/>; the queues refuse it.
    /// </summary>
    public WhenDisconnected WhenDisconnected { get; set; }

    /// <summary>How many messages are kept while the connection to Redis is away; at least 1. Default: 1,000.</summary>
    public int RetryBuffer { get; set; } = 1000;

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

        if (MaxMessageSize < 1)
        {
            yield return $"{nameof(MaxMessageSize)} is {MaxMessageSize}; expected 1 or more bytes.";
        }

        if (RetryBuffer < 1)
        {
            yield return $"{nameof(RetryBuffer)} is {RetryBuffer}; expected 1 or more messages.";
        }

        if (!Enum.IsDefined(WhenDisconnected))
        {
            yield return $"{nameof(WhenDisconnected)} is {WhenDisconnected}; expected one of {string.Join(", ", Enum.GetNames<WhenDisconnected>())}.";
        }

        if (Sharded && Backend != ChannelLayerBackend.RedisPubSub)
        {
            yield return $"{nameof(Sharded)} is set for {Backend}; expected it with {ChannelLayerBackend.RedisPubSub} only.";
        }

        if (EncryptionKeys.Any(string.IsNullOrEmpty))
        {
            yield return $"{nameof(EncryptionKeys)} has an empty key; expected secrets, such as 32 random characters each.";
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
