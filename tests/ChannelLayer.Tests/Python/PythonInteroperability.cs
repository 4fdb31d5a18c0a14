using ChannelsNet.Support;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace ChannelsNet.Python;

/// <summary>
/// What our layers and Python's channels_redis must do with one another over each back-end, in both directions. A derived class says
/// which back-end and which options, and adds what holds for it alone. "Ours" is a layer of .NET, "theirs" one of Python.
/// </summary>
public abstract class PythonInteroperability(PythonFixture python) : IAsyncLifetime
{
    private readonly string _prefix = $"python-{Guid.NewGuid():N}";
    private readonly CancellationTokenSource _patienceEnd = new(TimeSpan.FromSeconds(30));
    private readonly List<ServiceProvider> _ours = [];
    private readonly List<PythonLayer> _theirs = [];

    public static TheoryData<string> Values => [.. MessageValues.All.Keys];

    protected abstract ChannelLayerBackend OurBackend { get; }

    protected abstract string TheirBackend { get; }

    /// <summary>Over how many servers the layers are spread.</summary>
    protected virtual int HostCount => 1;

    /// <summary>The keys of both sides.</summary>
    protected virtual IReadOnlyList<string> Keys => [];

    protected CancellationToken Patience => _patienceEnd.Token;

    public Task InitializeAsync() => python.StartHostsAsync(HostCount);

    public async Task DisposeAsync()
    {
        foreach (var layer in _theirs)
        {
            await layer.DisposeAsync();
        }

        foreach (var process in _ours)
        {
            await process.DisposeAsync();
        }

        _patienceEnd.Dispose();
    }

    /// <summary>The layer of a new .NET process.</summary>
    protected IChannelLayer NewOurs(Action<ChannelLayerOptions>? configure = null)
    {
        _ = python.Peer;
        var services = new ServiceCollection();
        services.AddChannelLayers(configure: options =>
        {
            options.Backend = OurBackend;
            options.Prefix = _prefix;
            options.Capacity = 1000;
            options.MaxMessageSize = 4 * 1024 * 1024;
            foreach (var host in python.Hosts(HostCount))
            {
                options.Hosts.Add(host);
            }

            foreach (var key in Keys)
            {
                options.EncryptionKeys.Add(key);
            }

            configure?.Invoke(options);
        }).AddMessage<Note>();
        _ours.Add(services.BuildServiceProvider());
        return _ours[^1].GetRequiredService<IChannelLayer>();
    }

    /// <summary>The layer of a new Python process.</summary>
    protected async Task<PythonLayer> NewTheirsAsync(Func<PythonLayerOptions, PythonLayerOptions>? configure = null)
    {
        var options = new PythonLayerOptions
        {
            Backend = TheirBackend,
            Hosts = python.Hosts(HostCount),
            Prefix = _prefix,
            Capacity = TheirBackend == "core" ? 1000 : null,
            EncryptionKeys = Keys.Count > 0 ? Keys : null,
        };
        _theirs.Add(await python.Peer.NewLayerAsync(configure?.Invoke(options) ?? options));
        return _theirs[^1];
    }

    /// <summary>A name that no other test has.</summary>
    protected static string NewName(string prefix = "test") => $"{prefix}-{Guid.NewGuid():N}";

    protected static UntypedMessage Note(string text) => MessageValues.Note(text);

    protected async Task<string> ReadAsync(IChannel channel) => ((Note)await channel.ReadAsync(Patience)).Text;

    protected static async Task<string> ReadAsync(PythonLayer layer, string channel)
    {
        var message = await layer.ReceiveAsync(channel);
        Assert.Equal("test.note", message.Type);
        return (string)Assert.Single(message.Values).Value!;
    }

    /// <summary>Ends when a message to a general channel would reach a reader of it.</summary>
    protected virtual Task WhenReadAsync(string channel) => Task.CompletedTask;

    /// <summary>Ends when a Redis channel has that many subscribers on all servers together.</summary>
    protected async Task WhenSubscribedAsync(string channel, int subscribers = 1)
    {
        await using var observer = await ConnectionMultiplexer.ConnectAsync(string.Join(',', python.Hosts(HostCount)));
        while (true)
        {
            var counts = await Task.WhenAll(
                observer.GetServers().Select(server => server.SubscriptionSubscriberCountAsync(RedisChannel.Literal(channel))));
            if (counts.Sum() == subscribers)
            {
                return;
            }

            await Task.Delay(10, Patience);
        }
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Our_message_to_their_channel_arrives()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var channel = await theirs.NewChannelAsync();
        await ours.SendAsync(channel, new Note("to Python"), Patience);
        Assert.Equal("to Python", await ReadAsync(theirs, channel));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Their_message_to_our_channel_arrives()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        await using var channel = await ours.NewChannelAsync(cancellationToken: Patience);
        await theirs.SendAsync(channel.Name, Note("to .NET"));
        Assert.Equal(new Note("to .NET"), await channel.ReadAsync(Patience));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Channels_with_prefixes_of_their_own_are_reached()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        await using var ourChannel = await ours.NewChannelAsync("chat", cancellationToken: Patience);
        var theirChannel = await theirs.NewChannelAsync("chat");
        await theirs.SendAsync(ourChannel.Name, Note("to .NET"));
        await ours.SendAsync(theirChannel, new Note("to Python"), Patience);
        Assert.Equal("to .NET", await ReadAsync(ourChannel));
        Assert.Equal("to Python", await ReadAsync(theirs, theirChannel));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Our_message_to_a_general_channel_that_they_read_arrives()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var channel = NewName("general");

        // One reader for each server: channels_redis reads a general channel on one server at a time.
        var reading = Enumerable.Range(0, HostCount).Select(_ => ReadAsync(theirs, channel)).ToArray();
        await WhenReadAsync(channel);
        await ours.SendAsync(channel, new Note("work"), Patience);
        Assert.Equal("work", await await Task.WhenAny(reading));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Their_message_to_a_general_channel_that_we_read_arrives()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var channel = NewName("general");
        var reading = ours.ReceiveAsync(channel, Patience).AsTask();
        await WhenReadAsync(channel);
        await theirs.SendAsync(channel, Note("work"));
        Assert.Equal(new Note("work"), await reading);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_group_with_members_on_both_sides_gets_what_each_side_sends()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var group = NewName("room");
        await using var first = await ours.NewChannelAsync(cancellationToken: Patience);
        await using var second = await ours.NewChannelAsync(cancellationToken: Patience);
        var third = await theirs.NewChannelAsync();
        var fourth = await theirs.NewChannelAsync();
        await ours.GroupAddAsync(group, first.Name, Patience);
        await ours.GroupAddAsync(group, second.Name, Patience);
        await theirs.GroupAddAsync(group, third);
        await theirs.GroupAddAsync(group, fourth);
        await ours.GroupSendAsync(group, new Note("from .NET"), cancellationToken: Patience);
        Assert.Equal("from .NET", await ReadAsync(first));
        Assert.Equal("from .NET", await ReadAsync(second));
        Assert.Equal("from .NET", await ReadAsync(theirs, third));
        Assert.Equal("from .NET", await ReadAsync(theirs, fourth));
        await theirs.GroupSendAsync(group, Note("from Python"));
        Assert.Equal("from Python", await ReadAsync(first));
        Assert.Equal("from Python", await ReadAsync(second));
        Assert.Equal("from Python", await ReadAsync(theirs, third));
        Assert.Equal("from Python", await ReadAsync(theirs, fourth));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Groups_with_many_names_reach_the_other_side()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        await using var ourChannel = await ours.NewChannelAsync(cancellationToken: Patience);
        var theirChannel = await theirs.NewChannelAsync();
        for (var i = 0; i < 20; i++)
        {
            var group = NewName("room");
            await ours.GroupAddAsync(group, ourChannel.Name, Patience);
            await theirs.GroupAddAsync(group, theirChannel);
            await ours.GroupSendAsync(group, new Note($"{i} from .NET"), cancellationToken: Patience);
            Assert.Equal($"{i} from .NET", await ReadAsync(ourChannel));
            Assert.Equal($"{i} from .NET", await ReadAsync(theirs, theirChannel));
            await theirs.GroupSendAsync(group, Note($"{i} from Python"));
            Assert.Equal($"{i} from Python", await ReadAsync(ourChannel));
            Assert.Equal($"{i} from Python", await ReadAsync(theirs, theirChannel));
        }
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Who_has_left_a_group_gets_nothing_of_the_other_side_and_who_stays_does()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var group = NewName("room");
        await using var ourLeaver = await ours.NewChannelAsync(cancellationToken: Patience);
        await using var ourStayer = await ours.NewChannelAsync(cancellationToken: Patience);
        var theirLeaver = await theirs.NewChannelAsync();
        var theirStayer = await theirs.NewChannelAsync();
        foreach (var channel in new[] { ourLeaver, ourStayer })
        {
            await ours.GroupAddAsync(group, channel.Name, Patience);
        }

        foreach (var channel in new[] { theirLeaver, theirStayer })
        {
            await theirs.GroupAddAsync(group, channel);
        }

        await ours.GroupDiscardAsync(group, ourLeaver.Name, Patience);
        await theirs.GroupDiscardAsync(group, theirLeaver);
        await ours.GroupSendAsync(group, new Note("from .NET"), cancellationToken: Patience);
        await theirs.GroupSendAsync(group, Note("from Python"));
        foreach (var text in new[] { "from .NET", "from Python" })
        {
            Assert.Equal(text, await ReadAsync(ourStayer));
            Assert.Equal(text, await ReadAsync(theirs, theirStayer));
        }

        await theirs.SendAsync(ourLeaver.Name, Note("alone"));
        await ours.SendAsync(theirLeaver, new Note("alone"), Patience);
        Assert.Equal("alone", await ReadAsync(ourLeaver));
        Assert.Equal("alone", await ReadAsync(theirs, theirLeaver));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_channel_that_we_end_leaves_the_groups_that_they_send_to()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var group = NewName("room");
        var ends = await ours.NewChannelAsync(cancellationToken: Patience);
        await using var stays = await ours.NewChannelAsync(cancellationToken: Patience);
        await ours.GroupAddAsync(group, ends.Name, Patience);
        await ours.GroupAddAsync(group, stays.Name, Patience);
        await ends.DisposeAsync();
        await theirs.GroupSendAsync(group, Note("still"));
        Assert.Equal("still", await ReadAsync(stays));
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [MemberData(nameof(Values))]
    public async Task Our_value_arrives_there_as_it_was(string name)
    {
        var message = MessageValues.With(MessageValues.All[name]);
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var channel = await theirs.NewChannelAsync();
        await ours.SendAsync(channel, message, Patience);
        Assert.Equal(PythonValues.Text(message), PythonValues.Text(await theirs.ReceiveAsync(channel)));
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [MemberData(nameof(Values))]
    public async Task Their_value_arrives_here_as_it_was(string name)
    {
        var message = MessageValues.With(MessageValues.All[name]);
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        await using var channel = await ours.NewChannelAsync(cancellationToken: Patience);
        await theirs.SendAsync(channel.Name, message);
        var got = Assert.IsType<UntypedMessage>(await channel.ReadAsync(Patience));
        Assert.Equal(PythonValues.Text(message), PythonValues.Text(got));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_hundred_messages_keep_their_order_either_way()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        await using var ourChannel = await ours.NewChannelAsync(cancellationToken: Patience);
        var theirChannel = await theirs.NewChannelAsync();
        var sent = Enumerable.Range(0, 100).Select(i => $"{i}").ToArray();
        foreach (var text in sent)
        {
            await ours.SendAsync(theirChannel, new Note(text), Patience);
            await theirs.SendAsync(ourChannel.Name, Note(text));
        }

        var (gotHere, gotThere) = (new List<string>(), new List<string>());
        for (var i = 0; i < sent.Length; i++)
        {
            gotHere.Add(await ReadAsync(ourChannel));
            gotThere.Add(await ReadAsync(theirs, theirChannel));
        }

        Assert.Equal(sent, gotHere);
        Assert.Equal(sent, gotThere);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Groups_of_another_prefix_are_other_groups()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var stranger = await NewTheirsAsync(options => options with { Prefix = $"{_prefix}-too" });
        var group = NewName("room");
        await using var channel = await ours.NewChannelAsync(cancellationToken: Patience);
        var strange = await stranger.NewChannelAsync();
        await ours.GroupAddAsync(group, channel.Name, Patience);
        await stranger.GroupAddAsync(group, strange);
        await stranger.GroupSendAsync(group, Note("there"));
        await theirs.GroupSendAsync(group, Note("here"));
        Assert.Equal("here", await ReadAsync(channel));
        Assert.Equal("there", await ReadAsync(stranger, strange));
    }
}
