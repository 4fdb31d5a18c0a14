using ChannelsNet.Support;

namespace ChannelsNet.Redis.Topologies;

/// <summary>No Sentinel can be asked where the primary is when the layer is first used.</summary>
public sealed class SentinelAwayTests : LayerProcesses
{
    [SkippableFact(typeof(ProgramMissingException))]
    public async Task What_is_published_is_kept_until_a_sentinel_is_there()
    {
        await using var sentinel = await RedisSentinel.StartAsync();
        await using var proxy = TcpProxy.Start(sentinel.Addresses.First());
        proxy.Refuse();
        var there = NewLayer(ChannelLayerBackend.RedisPubSub, Host(sentinel, sentinel.Addresses.First()));
        await using var channel = await there.NewChannelAsync(cancellationToken: Patience);
        await there.GroupAddAsync("room", channel.Name, Patience);
        var here = NewLayer(ChannelLayerBackend.RedisPubSub, Host(sentinel, proxy.Address));
        await here.GroupSendAsync("room", new Note("kept"), cancellationToken: Patience);
        proxy.Accept();
        Assert.Equal("kept", await ReadAsync(channel));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Queues_are_read_as_soon_as_a_sentinel_is_there()
    {
        await using var sentinel = await RedisSentinel.StartAsync();
        await using var proxy = TcpProxy.Start(sentinel.Addresses.First());
        proxy.Refuse();
        var here = NewLayer(ChannelLayerBackend.Redis, Host(sentinel, proxy.Address));
        await Assert.ThrowsAsync<ChannelLayerUnavailableException>(() => here.SendAsync("jobs", new Note("refused"), Patience).AsTask());
        await using var channel = await here.NewChannelAsync(cancellationToken: Patience);
        var there = NewLayer(ChannelLayerBackend.Redis, Host(sentinel, sentinel.Addresses.First()));
        await there.SendAsync(channel.Name, new Note("waits"), Patience);
        proxy.Accept();
        Assert.Equal("waits", await ReadAsync(channel));
    }

    private static string Host(RedisSentinel sentinel, string address) => $"{address},connectTimeout=1000,serviceName={sentinel.ServiceName}";
}
