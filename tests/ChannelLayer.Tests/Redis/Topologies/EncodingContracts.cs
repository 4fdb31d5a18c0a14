namespace ChannelsNet.Redis.Topologies;

/// <summary>The whole contract, with messages that nobody can read who lacks the key.</summary>
public sealed class RedisPubSubEncryptedContract(RedisFixture redis) : RedisPubSubContractBase(redis), IClassFixture<RedisFixture>
{
    protected override void Configure(ChannelLayerOptions options)
    {
        base.Configure(options);
        options.EncryptionKeys.Add("one secret");
    }
}

/// <summary>The whole contract, with messages that nobody can read who lacks the key.</summary>
public sealed class RedisQueuesEncryptedContract(RedisFixture redis) : RedisQueuesContractBase(redis), IClassFixture<RedisFixture>
{
    protected override void Configure(ChannelLayerOptions options)
    {
        base.Configure(options);
        options.EncryptionKeys.Add("one secret");
    }
}

/// <summary>The whole contract, with messages as JSON.</summary>
public sealed class RedisPubSubJsonContract(RedisFixture redis) : RedisPubSubContractBase(redis), IClassFixture<RedisFixture>
{
    protected override void Configure(ChannelLayerOptions options)
    {
        base.Configure(options);
        options.Serializer = "json";
    }
}

/// <summary>The whole contract, with messages as JSON.</summary>
public sealed class RedisQueuesJsonContract(RedisFixture redis) : RedisQueuesContractBase(redis), IClassFixture<RedisFixture>
{
    protected override void Configure(ChannelLayerOptions options)
    {
        base.Configure(options);
        options.Serializer = "json";
    }
}
