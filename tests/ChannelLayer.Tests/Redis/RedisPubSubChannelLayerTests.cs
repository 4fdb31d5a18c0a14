using ChannelsNet.Telemetry;
using StackExchange.Redis;

namespace ChannelsNet.Redis;

public sealed class RedisPubSubContract(RedisFixture redis) : RedisPubSubContractBase(redis), IClassFixture<RedisFixture>
{
    [Fact]
    public async Task The_group_has_one_subscription_in_a_process_until_the_last_member_has_gone()
    {
        var layer = NewLayer();
        await using var observer = await ConnectionMultiplexer.ConnectAsync(Redis.Address);
        var group = RedisChannel.Literal($"{Prefix}__group__room");
        var members = new List<IChannel>();
        for (var i = 0; i < 100; i++)
        {
            members.Add(await layer.NewChannelAsync(cancellationToken: Patience));
            await layer.GroupAddAsync("room", members[^1].Name, Patience);
        }

        Assert.Equal(1, await observer.GetServers()[0].SubscriptionSubscriberCountAsync(group));
        foreach (var member in members)
        {
            await member.DisposeAsync();
        }

        while (await observer.GetServers()[0].SubscriptionSubscriberCountAsync(group) > 0)
        {
            Patience.ThrowIfCancellationRequested();
        }
    }

    [Fact]
    public async Task A_channel_of_another_process_can_not_be_added_here()
    {
        var here = NewLayer();
        var there = NewLayer();
        await using var channel = await there.NewChannelAsync(cancellationToken: Patience);
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => here.GroupAddAsync("room", channel.Name, Patience).AsTask());
        Assert.Contains(channel.Name, fault.Message, StringComparison.Ordinal);
        Assert.Contains("ChannelName", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_sent_between_leaving_and_joining_again_does_not_come()
    {
        var layer = NewLayer();
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        for (var i = 0; i < 200; i++)
        {
            await layer.GroupAddAsync("room", channel.Name, Patience);
            await layer.GroupDiscardAsync("room", channel.Name, Patience);
            await layer.GroupSendAsync("room", new Note("to nobody"), cancellationToken: Patience);
        }

        await layer.GroupAddAsync("room", channel.Name, Patience);
        await layer.GroupSendAsync("room", new Note("member"), cancellationToken: Patience);
        Assert.Equal("member", await ReadAsync(channel));
    }

    [Fact]
    public async Task What_is_no_message_is_passed_over_and_the_next_arrives()
    {
        var layer = NewLayer();
        await using var observer = await ConnectionMultiplexer.ConnectAsync(Redis.Address);
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.GroupAddAsync("room", channel.Name, Patience);
        foreach (var junk in new[] { "", "junk", "{}", "[]", "{\"type\":1}", "{\"type\":\"test.note\",\"text\":[]}" })
        {
            await observer.GetSubscriber().PublishAsync(RedisChannel.Literal($"{Prefix}__group__room"), junk);
        }

        await layer.GroupSendAsync("room", new Note("fine"), cancellationToken: Patience);
        Assert.Equal("fine", await ReadAsync(channel));
    }
}

public sealed class RedisPubSubOverThreeServersContract(RedisFixture redis) : RedisPubSubContractBase(redis), IClassFixture<RedisFixture>
{
    protected override void Configure(ChannelLayerOptions options)
    {
        base.Configure(options);
        options.Hosts.Add(Redis.Addresses[1]);
        options.Hosts.Add(Redis.Addresses[2]);
    }
}

public abstract class RedisPubSubContractBase(RedisFixture redis) : SharedChannelLayerContract
{
    protected RedisFixture Redis => redis;

    protected string Prefix { get; } = NewName("prefix");

    protected override void Configure(ChannelLayerOptions options)
    {
        options.Backend = ChannelLayerBackend.RedisPubSub;
        options.Hosts.Add(redis.Address);
        options.Prefix = Prefix;
    }

    protected override Task<long> CountMembersAsync(IChannelLayer layer, string group) =>
        Task.FromResult<long>(((PubSub.RedisPubSubChannelLayer)((ObservedChannelLayer)layer).Inner).Local.MembersOf(group).Length);

    [Fact]
    public async Task All_processes_see_the_sends_of_a_group_in_one_order()
    {
        var here = NewLayer(options => options.Capacity = 1000);
        var there = NewLayer(options => options.Capacity = 1000);
        var group = NewName();
        await using var first = await here.NewChannelAsync(cancellationToken: Patience);
        await using var second = await there.NewChannelAsync(cancellationToken: Patience);
        await here.GroupAddAsync(group, first.Name, Patience);
        await there.GroupAddAsync(group, second.Name, Patience);
        await Task.WhenAll(new[] { here, there }.Select((layer, sender) => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                await layer.GroupSendAsync(group, new Note($"{sender}:{i}"), cancellationToken: Patience);
            }
        })));
        Assert.Equal(await ReadAsync(first, 400), await ReadAsync(second, 400));
    }

    [Fact]
    public async Task What_is_posted_arrives_everywhere_in_its_order()
    {
        const int Count = 2000;
        var here = NewLayer(options => options.Capacity = Count);
        var there = NewLayer(options => options.Capacity = Count);
        var group = NewName();
        await using var first = await here.NewChannelAsync(cancellationToken: Patience);
        await using var second = await there.NewChannelAsync(cancellationToken: Patience);
        await here.GroupAddAsync(group, first.Name, Patience);
        await there.GroupAddAsync(group, second.Name, Patience);
        for (var i = 0; i < Count; i++)
        {
            await Post(here, group, $"{i}");
        }

        var sent = Enumerable.Range(0, Count).Select(i => $"{i}").ToArray();
        Assert.Equal(sent, await ReadAsync(first, Count));
        Assert.Equal(sent, await ReadAsync(second, Count));
    }

    [Fact]
    public async Task Who_joins_after_a_post_does_not_get_it()
    {
        var layer = NewLayer();
        for (var i = 0; i < 50; i++)
        {
            var group = NewName();
            await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
            await Post(layer, group, "too early");
            await layer.GroupAddAsync(group, channel.Name, Patience);
            await Post(layer, group, "in time");
            Assert.Equal("in time", await ReadAsync(channel));
        }
    }

    [Fact]
    public async Task A_layer_that_is_disposed_has_sent_what_was_posted()
    {
        var here = NewLayer();
        var there = NewLayer(options => options.Capacity = 200);
        var group = NewName();
        await using var channel = await there.NewChannelAsync(cancellationToken: Patience);
        await there.GroupAddAsync(group, channel.Name, Patience);
        for (var i = 0; i < 200; i++)
        {
            await Post(here, group, $"{i}");
        }

        await ((IAsyncDisposable)here).DisposeAsync();
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"{i}"), await ReadAsync(channel, 200));
    }

    private static ValueTask Post(IChannelLayer layer, string group, string text) =>
        ((IPostingLayer)layer).GroupPostAsync(group, new Note(text), except: null);

    protected override async Task WhenReadAsync(string channel)
    {
        var observers = await Task.WhenAll(redis.Addresses.Select(address => ConnectionMultiplexer.ConnectAsync(address)));
        long readers;
        do
        {
            Patience.ThrowIfCancellationRequested();
            readers = (await Task.WhenAll(observers.Select(observer =>
                observer.GetServers()[0].SubscriptionSubscriberCountAsync(RedisChannel.Literal(channel))))).Sum();
        }
        while (readers == 0);
        foreach (var observer in observers)
        {
            await observer.DisposeAsync();
        }
    }
}
