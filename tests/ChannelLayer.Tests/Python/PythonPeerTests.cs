using ChannelsNet.Support;
using StackExchange.Redis;

namespace ChannelsNet.Python;

/// <summary>From Python to Python, so that what the other tests here find is not the peer's doing.</summary>
public sealed class PythonPeerTests(PythonFixture python) : IClassFixture<PythonFixture>
{
    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData("core")]
    [InlineData("pubsub")]
    public async Task A_message_arrives_with_each_kind_of_value_as_it_was(string backend)
    {
        var (here, there) = (await NewLayerAsync(backend), await NewLayerAsync(backend));
        var channel = await there.NewChannelAsync();
        foreach (var value in MessageValues.All.Values)
        {
            await here.SendAsync(channel, MessageValues.With(value));
            Assert.Equal(PythonValues.Text(MessageValues.With(value)), PythonValues.Text(await there.ReceiveAsync(channel)));
        }
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData("core")]
    [InlineData("pubsub")]
    public async Task A_group_message_reaches_its_members_until_they_leave(string backend)
    {
        var (here, there) = (await NewLayerAsync(backend), await NewLayerAsync(backend));
        var (first, second) = (await here.NewChannelAsync(), await there.NewChannelAsync());
        await here.GroupAddAsync("room", first);
        await there.GroupAddAsync("room", second);
        await here.GroupSendAsync("room", Note("both"));
        Assert.Equal("both", (await here.ReceiveAsync(first)).Values["text"]);
        Assert.Equal("both", (await there.ReceiveAsync(second)).Values["text"]);

        await here.GroupDiscardAsync("room", first);
        await there.GroupSendAsync("room", Note("one"));
        Assert.Equal("one", (await there.ReceiveAsync(second)).Values["text"]);
        await there.SendAsync(first, Note("alone"));
        Assert.Equal("alone", (await here.ReceiveAsync(first)).Values["text"]);
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData("core")]
    [InlineData("pubsub")]
    public async Task A_receive_that_had_no_time_loses_nothing(string backend)
    {
        var layer = await NewLayerAsync(backend);
        var channel = await layer.NewChannelAsync();
        await Assert.ThrowsAsync<TimeoutException>(() => layer.ReceiveAsync(channel, TimeSpan.FromMilliseconds(50)));
        await layer.SendAsync(channel, Note("late"));
        Assert.Equal("late", (await layer.ReceiveAsync(channel)).Values["text"]);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task What_Python_raises_is_told_by_its_name()
    {
        var layer = await NewLayerAsync("core", options => options with { Capacity = 1 });
        await layer.SendAsync("somewhere", Note("1"));
        Assert.Equal("ChannelFull", (await Assert.ThrowsAsync<PythonException>(() => layer.SendAsync("somewhere", Note("2")))).Error);
        await layer.FlushAsync();
        await layer.SendAsync("somewhere", Note("3"));
        Assert.Equal("3", (await layer.ReceiveAsync("somewhere")).Values["text"]);
        Assert.Equal("TypeError", (await Assert.ThrowsAsync<PythonException>(() => layer.SendAsync("some where", Note("4")))).Error);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Layers_with_other_keys_or_prefixes_do_not_understand_each_other()
    {
        var secret = await NewLayerAsync("core", options => options with { EncryptionKeys = ["new", "old"] });
        var older = await NewLayerAsync("core", options => options with { EncryptionKeys = ["old"] });
        var stranger = await NewLayerAsync("core", options => options with { EncryptionKeys = ["other"] });
        var channel = await secret.NewChannelAsync();
        await older.SendAsync(channel, Note("rotated"));
        Assert.Equal("rotated", (await secret.ReceiveAsync(channel)).Values["text"]);
        await stranger.SendAsync(channel, Note("strange"));
        Assert.Equal("InvalidToken", (await Assert.ThrowsAsync<PythonException>(() => secret.ReceiveAsync(channel))).Error);

        var elsewhere = await NewLayerAsync("core", options => options with { Prefix = $"{options.Prefix}-too", EncryptionKeys = ["old"] });
        await elsewhere.SendAsync(channel, Note("lost"));
        await older.SendAsync(channel, Note("found"));
        Assert.Equal("found", (await secret.ReceiveAsync(channel)).Values["text"]);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_layer_that_is_closed_leaves_no_connection()
    {
        _ = python.Peer;
        await using var server = await RedisServer.StartAsync();
        await using var observer = await ConnectionMultiplexer.ConnectAsync($"{server.Address},allowAdmin=true");
        var others = await CountAsync();
        foreach (var backend in (string[])["core", "pubsub"])
        {
            var layer = await NewLayerAsync(backend, options => options with { Hosts = [server.Address] });
            var channel = await layer.NewChannelAsync();
            await Assert.ThrowsAsync<TimeoutException>(() => layer.ReceiveAsync(channel, TimeSpan.FromMilliseconds(50)));
            Assert.True(await CountAsync() > others);
            await layer.DisposeAsync();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            while (await CountAsync() > others)
            {
                await Task.Delay(10, patience.Token);
            }
        }

        async Task<int> CountAsync() => (await observer.GetServers()[0].ClientListAsync()).Length;
    }

    private static UntypedMessage Note(string text) => MessageValues.Note(text);

    private readonly string _prefix = $"peer-{Guid.NewGuid():N}";

    private Task<PythonLayer> NewLayerAsync(string backend, Func<PythonLayerOptions, PythonLayerOptions>? configure = null)
    {
        var options = new PythonLayerOptions { Backend = backend, Hosts = python.Hosts(1), Prefix = _prefix };
        return python.Peer.NewLayerAsync(configure?.Invoke(options) ?? options);
    }
}
