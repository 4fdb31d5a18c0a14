using StackExchange.Redis;

namespace ChannelsNet.Redis;

public sealed class RedisQueuesContract(RedisFixture redis) : RedisQueuesContractBase(redis), IClassFixture<RedisFixture>
{
    [Fact]
    public async Task A_message_to_a_channel_whose_process_does_not_read_fills_its_queue()
    {
        var layer = NewLayer(options => options.Capacity = 2);
        await layer.SendAsync("jobs", new Note("1"), Patience);
        await layer.SendAsync("jobs", new Note("2"), Patience);
        var fault = await Assert.ThrowsAsync<ChannelFullException>(() => layer.SendAsync("jobs", new Note("3"), Patience).AsTask());
        Assert.Equal(("jobs", 2), (fault.Channel, fault.Capacity));
        Assert.Equal(new Note("1"), await layer.ReceiveAsync("jobs", Patience));
        Assert.Equal(new Note("2"), await layer.ReceiveAsync("jobs", Patience));
    }

    [Fact]
    public async Task A_message_waits_in_redis_for_a_reader_and_leaves_nothing_behind()
    {
        var sender = NewLayer();
        var reader = NewLayer();
        await sender.SendAsync("jobs", new Note("1"), Patience);
        await using var observer = await ConnectionMultiplexer.ConnectAsync(Redis.Address);
        var database = observer.GetDatabase();
        Assert.Equal(1, await database.SortedSetLengthAsync($"{Prefix}jobs"));
        Assert.InRange((await database.KeyTimeToLiveAsync($"{Prefix}jobs"))!.Value.TotalSeconds, 55, 60);
        Assert.Equal(new Note("1"), await reader.ReceiveAsync("jobs", Patience));
        Assert.False(await database.KeyExistsAsync($"{Prefix}jobs"));
    }

    [Fact]
    public async Task An_expired_message_is_not_received_though_it_is_still_in_redis()
    {
        var layer = NewLayer();
        await layer.SendAsync("jobs", new Note("old"), Patience);
        Time.Advance(TimeSpan.FromSeconds(61));
        var reading = layer.ReceiveAsync("jobs", Patience).AsTask();
        await WhenReadAsync("jobs");
        await layer.SendAsync("jobs", new Note("young"), Patience);
        Assert.Equal(new Note("young"), await reading);
    }

    [Fact]
    public async Task A_fraction_of_a_second_is_an_expiry_too()
    {
        var layer = NewLayer(options => options.Expiry = TimeSpan.FromSeconds(0.5));
        await layer.SendAsync("jobs", new Note("1"), Patience);
        Assert.Equal(new Note("1"), await layer.ReceiveAsync("jobs", Patience));
    }

    [Fact]
    public async Task A_general_channel_can_be_a_member()
    {
        var layer = NewLayer();
        await layer.GroupAddAsync("room", "logger", Patience);
        await layer.GroupSendAsync("room", new Note("heard"), cancellationToken: Patience);
        Assert.Equal(new Note("heard"), await layer.ReceiveAsync("logger", Patience));
    }

    [Fact]
    public async Task A_membership_that_nobody_renews_ends()
    {
        var layer = NewLayer(options => options.GroupExpiry = TimeSpan.FromMinutes(1));
        await using var observer = await ConnectionMultiplexer.ConnectAsync(Redis.Address);
        await layer.GroupAddAsync("room", "logger", Patience);
        Assert.InRange((await observer.GetDatabase().KeyTimeToLiveAsync($"{Prefix}:group:room"))!.Value.TotalSeconds, 50, 60);
        Time.Advance(TimeSpan.FromMinutes(2));
        await layer.GroupSendAsync("room", new Note("not heard"), cancellationToken: Patience);
        Assert.Equal(0, await observer.GetDatabase().SortedSetLengthAsync($"{Prefix}:group:room"));
        Assert.False(await observer.GetDatabase().KeyExistsAsync($"{Prefix}logger"));
    }

    [Fact]
    public async Task A_channel_that_leaves_or_ends_while_all_memberships_are_written_again_is_not_a_member()
    {
        var layer = NewLayer();
        var ends = await layer.NewChannelAsync(cancellationToken: Patience);
        await using var leaves = await layer.NewChannelAsync(cancellationToken: Patience);
        await using var stays = await layer.NewChannelAsync(cancellationToken: Patience);
        var groups = Enumerable.Range(0, 200).Select(_ => NewName()).ToArray();
        foreach (var group in groups)
        {
            await Task.WhenAll(((IChannel[])[ends, leaves, stays]).Select(member => layer.GroupAddAsync(group, member.Name, Patience).AsTask()));
        }

        // The renewal has begun when the first membership is there again.
        await using var observer = await ConnectionMultiplexer.ConnectAsync(Redis.Address);
        await observer.GetDatabase().KeyDeleteAsync([.. groups.Select(group => (RedisKey)$"{Prefix}:group:{group}")]);
        Time.Advance(TimeSpan.FromDays(0.5));
        while (await CountMembersAsync(layer, groups[0]) == 0)
        {
            Patience.ThrowIfCancellationRequested();
        }

        await ends.DisposeAsync();
        await Task.WhenAll(groups.Select(group => layer.GroupDiscardAsync(group, leaves.Name, Patience).AsTask()));
        foreach (var group in groups)
        {
            while (await CountMembersAsync(layer, group) != 1)
            {
                Patience.ThrowIfCancellationRequested();
            }
        }
    }

    [Fact]
    public async Task A_channel_of_another_process_can_not_be_read_here()
    {
        var here = NewLayer();
        var there = NewLayer();
        await using var channel = await there.NewChannelAsync(cancellationToken: Patience);
        await Assert.ThrowsAsync<InvalidOperationException>(() => here.ReceiveAsync(channel.Name, Patience).AsTask());
    }

    [Fact]
    public async Task A_reader_that_gives_up_loses_no_message()
    {
        var layer = NewLayer();
        for (var i = 0; i < 100; i++)
        {
            using var cancel = new CancellationTokenSource();
            var reading = layer.ReceiveAsync("jobs", cancel.Token).AsTask();
            var sending = layer.SendAsync("jobs", new Note($"{i}"), Patience).AsTask();
            await cancel.CancelAsync();
            await sending;
            Message got;
            try
            {
                got = await reading;
            }
            catch (OperationCanceledException)
            {
                got = await layer.ReceiveAsync("jobs", Patience);
            }

            Assert.Equal(new Note($"{i}"), got);
        }
    }

    [Fact]
    public async Task Many_readers_in_two_processes_get_each_message_once()
    {
        var layers = new[] { NewLayer(options => options.Capacity = 1000), NewLayer() };
        var readers = layers.SelectMany(layer => Enumerable.Range(0, 4).Select(async _ =>
        {
            var got = new List<string>();
            while (true)
            {
                var text = ((Note)await layer.ReceiveAsync("jobs", Patience)).Text;
                if (text == "end")
                {
                    return got;
                }

                got.Add(text);
            }
        })).ToArray();
        for (var i = 0; i < 400; i++)
        {
            await layers[0].SendAsync("jobs", new Note($"{i}"), Patience);
        }

        foreach (var _ in readers)
        {
            await layers[0].SendAsync("jobs", new Note("end"), Patience);
        }

        var all = (await Task.WhenAll(readers)).SelectMany(got => got).Select(text => int.Parse(text, null)).Order();
        Assert.Equal(Enumerable.Range(0, 400), all);
    }

    [Fact]
    public async Task An_idle_layer_says_almost_nothing_to_redis()
    {
        var layer = NewLayer();
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        await AssertNothingMoreAsync(layer, channel);
        var other = NewLayer();
        await other.SendAsync(channel.Name, new Note("reader is up"), Patience);
        Assert.Equal("reader is up", await ReadAsync(channel));
        await using var observer = await ConnectionMultiplexer.ConnectAsync(Redis.Address + ",allowAdmin=true");
        async Task<long> PopsAsync()
        {
            var stats = await observer.GetServers()[0].InfoAsync("commandstats");
            var line = stats.SelectMany(group => group).FirstOrDefault(pair => pair.Key == "cmdstat_bzpopmin").Value ?? "calls=0,";
            return long.Parse(line.Split('=', ',')[1], null);
        }

        // A pop is counted when it ends. Those of the messages above may still be counted, and readers of other tests end; then there is a
        // silence of seconds. A reader that polls would never leave one.
        var silence = System.Diagnostics.Stopwatch.StartNew();
        var pops = await PopsAsync();
        for (var more = 0; silence.Elapsed < TimeSpan.FromSeconds(2);)
        {
            Patience.ThrowIfCancellationRequested();
            if (await PopsAsync() is var now && now != pops)
            {
                pops = now;
                silence.Restart();
                Assert.True(++more < 10, "The reader asks again and again.");
            }
        }
    }
}

public sealed class RedisQueuesOverThreeServersContract(RedisFixture redis) : RedisQueuesContractBase(redis), IClassFixture<RedisFixture>
{
    protected override void Configure(ChannelLayerOptions options)
    {
        base.Configure(options);
        options.Hosts.Add(Redis.Addresses[1]);
        options.Hosts.Add(Redis.Addresses[2]);
    }

    [Fact]
    public async Task Messages_of_a_general_channel_are_spread_and_all_are_received()
    {
        var sender = NewLayer();
        var reader = NewLayer();
        for (var i = 0; i < 9; i++)
        {
            await sender.SendAsync("jobs", new Note($"{i}"), Patience);
        }

        var got = new List<string>();
        while (got.Count < 9)
        {
            got.Add(((Note)await reader.ReceiveAsync("jobs", Patience)).Text);
        }

        Assert.Equal(Enumerable.Range(0, 9).Select(i => $"{i}"), got.Order());
    }
}

public abstract class RedisQueuesContractBase(RedisFixture redis) : SharedChannelLayerContract
{
    private ConnectionMultiplexer[]? _observers;

    protected RedisFixture Redis => redis;

    protected string Prefix { get; } = NewName("prefix");

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        foreach (var observer in _observers ?? [])
        {
            await observer.DisposeAsync();
        }
    }

    protected override void Configure(ChannelLayerOptions options)
    {
        options.Backend = ChannelLayerBackend.Redis;
        options.Hosts.Add(redis.Address);
        options.Prefix = Prefix;
    }

    protected override async Task<long> CountMembersAsync(IChannelLayer layer, string group)
    {
        _observers ??= await Task.WhenAll(redis.Addresses.Select(address => ConnectionMultiplexer.ConnectAsync(address)));
        var counts = await Task.WhenAll(_observers.Select(observer => observer.GetDatabase().SortedSetLengthAsync($"{Prefix}:group:{group}")));
        return counts.Sum();
    }
}
