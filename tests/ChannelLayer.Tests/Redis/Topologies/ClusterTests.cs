using ChannelsNet.Support;
using StackExchange.Redis;

namespace ChannelsNet.Redis.Topologies;

public sealed class RedisPubSubOverClusterSharded(Cluster redis)
    : TopologyFacts(redis, ChannelLayerBackend.RedisPubSub, sharded: true), IClassFixture<Cluster>
{
    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Each_group_lives_on_the_node_of_its_slot_and_all_nodes_have_some()
    {
        var (here, there) = (NewLayer(), NewLayer());
        var groups = Enumerable.Range(0, 24).Select(i => $"room-{i}").ToArray();
        await using var first = await here.NewChannelAsync(cancellationToken: Patience);
        await using var second = await there.NewChannelAsync(cancellationToken: Patience);
        foreach (var group in groups)
        {
            await here.GroupAddAsync(group, first.Name, Patience);
            await there.GroupAddAsync(group, second.Name, Patience);
        }

        await using var observer = await ConnectionMultiplexer.ConnectAsync(string.Join(',', redis.Addresses) + ",allowAdmin=true");
        var nodes = redis.Addresses.Select(address => observer.GetServer(address)).ToArray();
        var homes = new HashSet<int>();
        foreach (var group in groups)
        {
            var name = $"{Prefix}__group__{group}";
            var counts = await Task.WhenAll(nodes.Select(async node => (long)(await node.ExecuteAsync("PUBSUB", "SHARDNUMSUB", name))[1]));

            // The slots lie on the nodes in equal ranges, in order.
            var home = (int)((long)await nodes[0].ExecuteAsync("CLUSTER", "KEYSLOT", name) * nodes.Length / 16_384);
            Assert.Equal(nodes.Select((_, node) => node == home ? 2L : 0), counts);
            homes.Add(home);
        }

        Assert.Equal(nodes.Length, homes.Count);
        foreach (var group in groups)
        {
            await here.GroupSendAsync(group, new Note(group), cancellationToken: Patience);
            Assert.Equal(group, await ReadAsync(first));
            Assert.Equal(group, await ReadAsync(second));
        }
    }
}

public sealed class RedisQueuesOnClusterTests(Cluster redis) : LayerProcesses, IClassFixture<Cluster>
{
    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Queues_refuse_a_cluster_and_say_what_to_write()
    {
        var layer = NewLayer(ChannelLayerBackend.Redis, redis.Host);
        foreach (var use in (Func<Task>[])[
            () => layer.NewChannelAsync(cancellationToken: Patience).AsTask(),
            () => layer.NewChannelAsync(cancellationToken: Patience).AsTask(),
            () => layer.SendAsync("jobs", new Note("1"), Patience).AsTask(),
            () => layer.ReceiveAsync("jobs", Patience).AsTask(),
            () => layer.GroupAddAsync("room", "jobs", Patience).AsTask(),
            () => layer.GroupSendAsync("room", new Note("1"), cancellationToken: Patience).AsTask(),
            () => layer.FlushAsync(Patience).AsTask()])
        {
            var fault = await Assert.ThrowsAsync<InvalidOperationException>(use);
            Assert.Contains("is a Redis Cluster", fault.Message, StringComparison.Ordinal);
            Assert.Contains("\"Backend\": \"RedisPubSub\"", fault.Message, StringComparison.Ordinal);
        }
    }
}
