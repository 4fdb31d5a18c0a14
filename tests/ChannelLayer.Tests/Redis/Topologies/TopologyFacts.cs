using ChannelsNet.Support;

namespace ChannelsNet.Redis.Topologies;

/// <summary>
/// A part of the contract that touches whatever a layer says to Redis: an own channel of another process and its order, a group over two
/// processes and who is left out, leaving, a general channel. The rest does not depend on where and how Redis is reached.
/// </summary>
public abstract class TopologyFacts(Topology topology, ChannelLayerBackend backend, bool sharded = false) : LayerProcesses
{
    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Messages_to_a_channel_reach_the_process_that_owns_it_in_their_order()
    {
        var here = NewLayer();
        var there = NewLayer();
        await using var channel = await there.NewChannelAsync(cancellationToken: Patience);
        var sent = Enumerable.Range(0, 90).Select(i => $"{i}").ToArray();
        foreach (var text in sent)
        {
            await here.SendAsync(channel.Name, new Note(text), Patience);
        }

        foreach (var text in sent)
        {
            Assert.Equal(text, await ReadAsync(channel));
        }
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_group_message_reaches_the_members_of_all_processes_but_the_one_that_is_left_out()
    {
        var here = NewLayer();
        var there = NewLayer();
        var group = NewName();
        await using var first = await here.NewChannelAsync(cancellationToken: Patience);
        await using var second = await there.NewChannelAsync(cancellationToken: Patience);
        await here.GroupAddAsync(group, first.Name, Patience);
        await there.GroupAddAsync(group, second.Name, Patience);
        await here.GroupSendAsync(group, new Note("to others"), except: second.Name, Patience);
        await here.GroupSendAsync(group, new Note("to all"), cancellationToken: Patience);
        Assert.Equal("to others", await ReadAsync(first));
        Assert.Equal("to all", await ReadAsync(first));
        Assert.Equal("to all", await ReadAsync(second));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Who_leaves_gets_no_more_and_the_others_stay()
    {
        var here = NewLayer();
        var there = NewLayer();
        var group = NewName();
        await using var stays = await here.NewChannelAsync(cancellationToken: Patience);
        await using var leaves = await there.NewChannelAsync(cancellationToken: Patience);
        await here.GroupAddAsync(group, stays.Name, Patience);
        await there.GroupAddAsync(group, leaves.Name, Patience);
        await there.GroupDiscardAsync(group, leaves.Name, Patience);
        await here.GroupSendAsync(group, new Note("to those who stay"), cancellationToken: Patience);
        await here.SendAsync(leaves.Name, new Note("the last"), Patience);
        Assert.Equal("to those who stay", await ReadAsync(stays));
        Assert.Equal("the last", await ReadAsync(leaves));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_general_channel_is_read_in_another_process()
    {
        var here = NewLayer();
        var there = NewLayer();
        var name = NewName();
        var reading = there.ReceiveAsync(name, Patience).AsTask();

        // Over publish and subscribe what is sent before the reader listens is gone.
        while (!reading.IsCompleted)
        {
            await here.SendAsync(name, new Note("work"), Patience);
            await Task.WhenAny(reading, Task.Delay(20, Patience));
        }

        Assert.Equal(new Note("work"), await reading);
    }

    protected ChannelLayerBackend Backend => backend;

    protected IChannelLayer NewLayer() => NewLayer(backend, topology.Host, options => options.Sharded = sharded);
}

public sealed class RedisPubSubWithPassword(PasswordAndDatabase redis)
    : TopologyFacts(redis, ChannelLayerBackend.RedisPubSub), IClassFixture<PasswordAndDatabase>;

public sealed class RedisPubSubWithUser(UserAndPassword redis)
    : TopologyFacts(redis, ChannelLayerBackend.RedisPubSub), IClassFixture<UserAndPassword>;

public sealed class RedisQueuesWithUser(UserAndPassword redis)
    : TopologyFacts(redis, ChannelLayerBackend.Redis), IClassFixture<UserAndPassword>;

public sealed class RedisPubSubOverSentinel(Sentinel redis)
    : TopologyFacts(redis, ChannelLayerBackend.RedisPubSub), IClassFixture<Sentinel>;

public sealed class RedisQueuesOverSentinel(Sentinel redis)
    : TopologyFacts(redis, ChannelLayerBackend.Redis), IClassFixture<Sentinel>;

public sealed class RedisPubSubOverCluster(Cluster redis)
    : TopologyFacts(redis, ChannelLayerBackend.RedisPubSub), IClassFixture<Cluster>;
