namespace ChannelsNet.Redis.Topologies;

/// <summary>One collection, since the issuer stands in the environment of the whole process.</summary>
[CollectionDefinition("TLS")]
public sealed class TlsCollection : ICollectionFixture<Tls>;

[Collection("TLS")]
public sealed class RedisPubSubWithTls(Tls redis) : TopologyFacts(redis, ChannelLayerBackend.RedisPubSub);

[Collection("TLS")]
public sealed class RedisQueuesWithTls(Tls redis) : TopologyFacts(redis, ChannelLayerBackend.Redis);
