using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet;

/// <summary>A message of these tests.</summary>
[MessageType("test.note")]
public sealed record Note(string Text) : Message;

/// <summary>
/// What every channel layer must do. A layer's test class says how it is configured and inherits the rest. What holds only for
/// layers that share a medium between processes is in <see cref="SharedChannelLayerContract"/>.
/// </summary>
public abstract class ChannelLayerContract : IAsyncLifetime
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private readonly List<ServiceProvider> _processes = [];
    private readonly CancellationTokenSource _patienceEnd = new(_patience);

    /// <summary>The clock of all processes of a test.</summary>
    protected FakeTimeProvider Time { get; } = new();

    protected CancellationToken Patience => _patienceEnd.Token;

    public Task InitializeAsync() => Task.CompletedTask;

    public virtual async Task DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _patienceEnd.Dispose();
    }

    /// <summary>Sets the back-end and where it is.</summary>
    protected abstract void Configure(ChannelLayerOptions options);

    /// <summary>The layer of a new process.</summary>
    protected IChannelLayer NewLayer(Action<ChannelLayerOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Time);
        services.AddChannelLayers(configure: options =>
        {
            Configure(options);
            configure?.Invoke(options);
        }).AddMessage<Note>();
        var process = services.BuildServiceProvider();
        _processes.Add(process);
        return process.GetRequiredService<IChannelLayer>();
    }

    /// <summary>Counts the memberships that the layer has stored for a group, wherever that is.</summary>
    protected abstract Task<long> CountMembersAsync(IChannelLayer layer, string group);

    /// <summary>Ends when a message to a general channel would reach a reader of it.</summary>
    protected virtual Task WhenReadAsync(string channel) => Task.CompletedTask;

    /// <summary>A name that no other test has.</summary>
    protected static string NewName(string prefix = "test") => $"{prefix}-{Guid.NewGuid():N}";

    protected async Task<string> ReadAsync(IChannel channel) => ((Note)await channel.ReadAsync(Patience)).Text;

    protected async Task<string[]> ReadAsync(IChannel channel, int count)
    {
        var texts = new string[count];
        for (var i = 0; i < count; i++)
        {
            texts[i] = await ReadAsync(channel);
        }

        return texts;
    }

    /// <summary>A channel has got what it is to get, and nothing else, when a last message sent to it is all that it holds.</summary>
    protected async Task AssertNothingMoreAsync(IChannelLayer layer, IChannel channel)
    {
        await layer.SendAsync(channel.Name, new Note("the last"), Patience);
        Assert.Equal("the last", await ReadAsync(channel));
    }

    [Fact]
    public async Task A_message_arrives_as_it_was_sent()
    {
        var layer = NewLayer();
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.SendAsync(channel.Name, new Note("häh \"\\ \u2028 😀"), Patience);
        Assert.Equal(new Note("häh \"\\ \u2028 😀"), await channel.ReadAsync(Patience));
    }

    [Fact]
    public async Task Messages_of_one_sender_arrive_in_their_order()
    {
        var layer = NewLayer(options => options.Capacity = 1000);
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        var sent = Enumerable.Range(0, 300).Select(i => $"{i}").ToArray();
        foreach (var text in sent)
        {
            await layer.SendAsync(channel.Name, new Note(text), Patience);
        }

        Assert.Equal(sent, await ReadAsync(channel, sent.Length));
    }

    [Fact]
    public async Task Each_of_many_senders_keeps_its_order()
    {
        var layer = NewLayer(options => options.Capacity = 10_000);
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(sender => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                await layer.SendAsync(channel.Name, new Note($"{sender}:{i}"), Patience);
            }
        })));
        var got = await ReadAsync(channel, 1600);
        foreach (var sender in got.GroupBy(text => text.Split(':')[0]))
        {
            Assert.Equal(Enumerable.Range(0, 200), sender.Select(text => int.Parse(text.Split(':')[1], null)));
        }
    }

    [Fact]
    public async Task New_channels_have_different_valid_names_with_one_bang()
    {
        var layer = NewLayer();
        var names = new HashSet<string>();
        for (var i = 0; i < 1000; i++)
        {
            await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
            Assert.Matches(@"\Aspecific\.[0-9a-f]{32}![0-9a-f]{32}\z", channel.Name);
            Assert.True(names.Add(channel.Name));
        }

        await using var other = await layer.NewChannelAsync("chat", cancellationToken: Patience);
        Assert.StartsWith("chat.", other.Name, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("a?")]
    [InlineData("a:b")]
    [InlineData("é")]
    [InlineData("a!é")]
    [InlineData("a\n")]
    [InlineData("٣")]
    [InlineData("!x")]
    [InlineData("a!b!c")]
    [InlineData("¯\\_(ツ)_/¯")]
    public async Task Every_verb_refuses_a_bad_channel_name(string name)
    {
        var layer = NewLayer();
        var note = new Note("x");
        foreach (var verb in (IEnumerable<Func<Task>>)
        [
            () => layer.SendAsync(name, note, Patience).AsTask(),
            () => layer.ReceiveAsync(name, Patience).AsTask(),
            () => layer.GroupAddAsync("group", name, Patience).AsTask(),
            () => layer.GroupDiscardAsync("group", name, Patience).AsTask(),
        ])
        {
            var fault = await Assert.ThrowsAnyAsync<ArgumentException>(verb);
            Assert.Contains($"\"{name}\" is not a channel name", fault.Message, StringComparison.Ordinal);
            Assert.Contains("99", fault.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("abc!x")]
    [InlineData("a\n")]
    public async Task Every_verb_refuses_a_bad_group_name(string name)
    {
        var layer = NewLayer();
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        foreach (var verb in (IEnumerable<Func<Task>>)
        [
            () => layer.GroupAddAsync(name, channel.Name, Patience).AsTask(),
            () => layer.GroupDiscardAsync(name, channel.Name, Patience).AsTask(),
            () => layer.GroupSendAsync(name, new Note("x"), cancellationToken: Patience).AsTask(),
        ])
        {
            var fault = await Assert.ThrowsAnyAsync<ArgumentException>(verb);
            Assert.Contains($"\"{name}\" is not a group name", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Names_may_have_99_characters_and_no_more()
    {
        var layer = NewLayer();
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        var group = NewName().PadRight(99, 'x');
        await layer.GroupAddAsync(group, channel.Name, Patience);
        await layer.GroupSendAsync(group, new Note("x"), cancellationToken: Patience);
        Assert.Equal("x", await ReadAsync(channel));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => layer.GroupAddAsync(group + "x", channel.Name, Patience).AsTask());
    }

    [Fact]
    public async Task A_message_class_that_is_not_added_is_refused_with_the_line_to_write()
    {
        var layer = NewLayer();
        foreach (var verb in (IEnumerable<Func<Task>>)
        [
            () => layer.SendAsync("somewhere", new Unknown(), Patience).AsTask(),
            () => layer.GroupSendAsync("somewhere", new Unknown(), cancellationToken: Patience).AsTask(),
        ])
        {
            var fault = await Assert.ThrowsAsync<InvalidOperationException>(verb);
            Assert.Contains(".AddMessage<Unknown>()", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_full_channel_refuses_the_next_message_and_goes_on_when_read()
    {
        var layer = NewLayer(options => options.Capacity = 3);
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        for (var i = 0; i < 3; i++)
        {
            await layer.SendAsync(channel.Name, new Note($"{i}"), Patience);
        }

        var fault = await Assert.ThrowsAsync<ChannelFullException>(
            () => layer.SendAsync(channel.Name, new Note("3"), Patience).AsTask());
        Assert.Equal((channel.Name, 3), (fault.Channel, fault.Capacity));
        Assert.Equal("0", await ReadAsync(channel));
        await layer.SendAsync(channel.Name, new Note("3"), Patience);
        Assert.Equal(["1", "2", "3"], await ReadAsync(channel, 3));
    }

    [Fact]
    public async Task The_first_capacity_pattern_that_matches_counts()
    {
        var layer = NewLayer(options =>
        {
            options.ChannelCapacity["spec*"] = 1;
            options.ChannelCapacity["*"] = 50;
        });
        await using var narrow = await layer.NewChannelAsync(cancellationToken: Patience);
        await using var wide = await layer.NewChannelAsync("other", cancellationToken: Patience);
        await layer.SendAsync(narrow.Name, new Note("1"), Patience);
        Assert.Equal(1, (await Assert.ThrowsAsync<ChannelFullException>(
            () => layer.SendAsync(narrow.Name, new Note("2"), Patience).AsTask())).Capacity);
        await layer.SendAsync(wide.Name, new Note("1"), Patience);
        await layer.SendAsync(wide.Name, new Note("2"), Patience);
    }

    [Fact]
    public async Task A_message_that_waits_longer_than_the_expiry_is_dropped()
    {
        var layer = NewLayer(options => options.Expiry = TimeSpan.FromSeconds(0.5));
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.SendAsync(channel.Name, new Note("old"), Patience);
        Time.Advance(TimeSpan.FromSeconds(0.4));
        await layer.SendAsync(channel.Name, new Note("young"), Patience);
        Time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal("young", await ReadAsync(channel));
        await AssertNothingMoreAsync(layer, channel);
    }

    [Fact]
    public async Task Expired_messages_make_room()
    {
        var layer = NewLayer(options => options.Capacity = 1);
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.SendAsync(channel.Name, new Note("old"), Patience);
        Time.Advance(TimeSpan.FromSeconds(61));
        await layer.SendAsync(channel.Name, new Note("young"), Patience);
        Assert.Equal("young", await ReadAsync(channel));
    }

    [Fact]
    public async Task A_cancelled_read_loses_no_message()
    {
        var layer = NewLayer();
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        for (var i = 0; i < 200; i++)
        {
            using var cancel = new CancellationTokenSource();
            var reading = channel.ReadAsync(cancel.Token).AsTask();
            var sending = Task.Run(() => layer.SendAsync(channel.Name, new Note($"{i}"), Patience).AsTask());
            await cancel.CancelAsync();
            await sending;
            string got;
            try
            {
                got = ((Note)await reading).Text;
            }
            catch (OperationCanceledException)
            {
                got = await ReadAsync(channel);
            }

            Assert.Equal($"{i}", got);
        }
    }

    [Fact]
    public async Task A_group_message_reaches_each_member_once()
    {
        var layer = NewLayer();
        var group = NewName();
        await using var first = await layer.NewChannelAsync(cancellationToken: Patience);
        await using var second = await layer.NewChannelAsync(cancellationToken: Patience);
        await using var third = await layer.NewChannelAsync(cancellationToken: Patience);
        foreach (var member in (IChannel[])[first, first, second, third])
        {
            await layer.GroupAddAsync(group, member.Name, Patience);
        }

        await layer.GroupDiscardAsync(group, third.Name, Patience);
        await layer.GroupSendAsync(group, new Note("hello"), cancellationToken: Patience);
        Assert.Equal("hello", await ReadAsync(first));
        Assert.Equal("hello", await ReadAsync(second));
        await AssertNothingMoreAsync(layer, first);
        await AssertNothingMoreAsync(layer, second);
        await AssertNothingMoreAsync(layer, third);
    }

    [Fact]
    public async Task A_group_send_can_leave_out_one_channel()
    {
        var layer = NewLayer();
        var group = NewName();
        await using var sender = await layer.NewChannelAsync(cancellationToken: Patience);
        await using var other = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.GroupAddAsync(group, sender.Name, Patience);
        await layer.GroupAddAsync(group, other.Name, Patience);
        await layer.GroupSendAsync(group, new Note("to others"), except: sender.Name, Patience);
        await layer.GroupSendAsync(group, new Note("to all"), cancellationToken: Patience);
        Assert.Equal(["to others", "to all"], await ReadAsync(other, 2));
        Assert.Equal("to all", await ReadAsync(sender));
    }

    [Fact]
    public async Task What_is_no_member_can_be_discarded_and_a_group_without_members_be_sent_to()
    {
        var layer = NewLayer();
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.GroupDiscardAsync(NewName(), channel.Name, Patience);
        await layer.GroupSendAsync(NewName(), new Note("nobody"), cancellationToken: Patience);
        await AssertNothingMoreAsync(layer, channel);
    }

    [Fact]
    public async Task A_full_member_misses_a_group_message_and_the_others_do_not()
    {
        var layer = NewLayer(options => options.Capacity = 3);
        var group = NewName();
        await using var full = await layer.NewChannelAsync(cancellationToken: Patience);
        await using var other = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.GroupAddAsync(group, full.Name, Patience);
        await layer.GroupAddAsync(group, other.Name, Patience);
        for (var i = 0; i < 5; i++)
        {
            await layer.GroupSendAsync(group, new Note($"{i}"), cancellationToken: Patience);
            Assert.Equal($"{i}", await ReadAsync(other));
        }

        Assert.Equal(["0", "1", "2"], await ReadAsync(full, 3));
        await AssertNothingMoreAsync(layer, full);
    }

    [Fact]
    public async Task All_members_see_the_sends_of_a_group_in_one_order()
    {
        var layer = NewLayer(options => options.Capacity = 1000);
        var group = NewName();
        await using var first = await layer.NewChannelAsync(cancellationToken: Patience);
        await using var second = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.GroupAddAsync(group, first.Name, Patience);
        await layer.GroupAddAsync(group, second.Name, Patience);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(sender => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                await layer.GroupSendAsync(group, new Note($"{sender}:{i}"), cancellationToken: Patience);
            }
        })));
        Assert.Equal(await ReadAsync(first, 400), await ReadAsync(second, 400));
    }

    [Fact]
    public async Task A_living_channel_never_falls_out_of_its_groups()
    {
        var layer = NewLayer(options => options.GroupExpiry = TimeSpan.FromMinutes(1));
        var group = NewName();
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.GroupAddAsync(group, channel.Name, Patience);
        Time.Advance(TimeSpan.FromDays(2));
        await layer.GroupSendAsync(group, new Note("still there"), cancellationToken: Patience);
        Assert.Equal("still there", await ReadAsync(channel));
    }

    [Fact]
    public async Task A_disposed_channel_is_gone()
    {
        var layer = NewLayer();
        var group = NewName();
        var ended = await layer.NewChannelAsync(cancellationToken: Patience);
        await using var other = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.GroupAddAsync(group, ended.Name, Patience);
        await layer.GroupAddAsync(group, other.Name, Patience);
        var reading = ended.ReadAsync(Patience).AsTask();
        await ended.DisposeAsync();
        await ended.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
        await layer.GroupSendAsync(group, new Note("after"), cancellationToken: Patience);
        await layer.SendAsync(ended.Name, new Note("after"), Patience);
        Assert.Equal("after", await ReadAsync(other));
        Assert.False(ended.TryRead(out _));
    }

    [Fact]
    public async Task A_channel_that_has_ended_joins_and_leaves_without_an_error_and_nothing_is_stored()
    {
        var layer = NewLayer();
        var group = NewName();
        var ended = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.GroupAddAsync(group, ended.Name, Patience);
        Assert.Equal(1, await CountMembersAsync(layer, group));
        await ended.DisposeAsync();
        Assert.Equal(0, await CountMembersAsync(layer, group));
        await layer.GroupAddAsync(group, ended.Name, Patience);
        Assert.Equal(0, await CountMembersAsync(layer, group));
        await layer.GroupSendAsync(group, new Note("to nobody"), cancellationToken: Patience);
        await layer.GroupDiscardAsync(group, ended.Name, Patience);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => layer.ReceiveAsync(ended.Name, Patience).AsTask());
    }

    [Fact]
    public async Task A_channel_that_ends_while_it_joins_is_not_a_member()
    {
        var layer = NewLayer();
        var group = NewName();
        for (var i = 0; i < 200; i++)
        {
            var channel = await layer.NewChannelAsync(cancellationToken: Patience);
            using var both = new Barrier(2);
            var joining = Task.Run(() =>
            {
                both.SignalAndWait(Patience);
                return layer.GroupAddAsync(group, channel.Name, Patience).AsTask();
            });
            var ending = Task.Run(() =>
            {
                both.SignalAndWait(Patience);
                return channel.DisposeAsync().AsTask();
            });
            await Task.WhenAll(joining, ending);
            Assert.Equal(0, await CountMembersAsync(layer, group));
        }
    }

    [Fact]
    public async Task Channels_that_join_leave_send_and_end_on_many_threads_leave_nothing()
    {
        var layer = NewLayer(options => options.Capacity = 1_000_000);
        var groups = Enumerable.Range(0, 3).Select(_ => NewName()).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 30; i++)
            {
                var channel = await layer.NewChannelAsync(cancellationToken: Patience);
                var steps = Enumerable.Range(0, 4).Select(_ => (random.Next(8), groups[random.Next(groups.Length)])).ToArray();
                await Task.WhenAll(steps.Select(step => Task.Run(() => step switch
                {
                    (0 or 1 or 2, var group) => layer.GroupAddAsync(group, channel.Name, Patience).AsTask(),
                    (3 or 4, var group) => layer.GroupDiscardAsync(group, channel.Name, Patience).AsTask(),
                    (5 or 6, var group) => layer.GroupSendAsync(group, new Note("hello"), cancellationToken: Patience).AsTask(),
                    _ => channel.DisposeAsync().AsTask(),
                })));
                await Task.WhenAll(
                    Task.Run(() => layer.GroupAddAsync(groups[i % groups.Length], channel.Name, Patience).AsTask()),
                    Task.Run(() => channel.DisposeAsync().AsTask()));
            }
        })));
        foreach (var group in groups)
        {
            Assert.Equal(0, await CountMembersAsync(layer, group));
        }
    }

    [Fact]
    public async Task A_listener_is_told_of_each_arrival()
    {
        var layer = NewLayer();
        var listener = new Arrivals();
        await using var channel = await layer.NewChannelAsync(listener: listener, cancellationToken: Patience);
        await layer.SendAsync(channel.Name, new Note("1"), Patience);
        await listener.Arrived.WaitAsync(Patience);
        Assert.True(channel.TryRead(out var message));
        Assert.Equal(new Note("1"), message);
        Assert.False(channel.TryRead(out _));
    }

    [Fact]
    public async Task A_general_channel_is_read_by_its_name()
    {
        var layer = NewLayer();
        var name = NewName();
        var reading = layer.ReceiveAsync(name, Patience).AsTask();
        await WhenReadAsync(name);
        await layer.SendAsync(name, new Note("work"), Patience);
        Assert.Equal(new Note("work"), await reading);
    }

    [Fact]
    public async Task Of_two_readers_of_a_channel_one_gets_a_message_and_the_other_the_next()
    {
        var layer = NewLayer();
        var name = NewName();
        var readers = new[] { layer.ReceiveAsync(name, Patience).AsTask(), layer.ReceiveAsync(name, Patience).AsTask() };
        await WhenReadAsync(name);
        await layer.SendAsync(name, new Note("one"), Patience);
        var served = await Task.WhenAny(readers);
        await layer.SendAsync(name, new Note("two"), Patience);
        var all = await Task.WhenAll(readers);
        Assert.Equal(["one", "two"], all.Select(message => ((Note)message).Text).Order());
        Assert.Equal(new Note("one"), await served);
    }

    [Fact]
    public async Task A_flush_drops_messages_and_memberships_and_the_layer_goes_on()
    {
        var layer = NewLayer();
        var group = NewName();
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.GroupAddAsync(group, channel.Name, Patience);
        await layer.SendAsync(channel.Name, new Note("flushed"), Patience);
        await layer.FlushAsync(Patience);
        await layer.GroupSendAsync(group, new Note("to nobody"), cancellationToken: Patience);
        await AssertNothingMoreAsync(layer, channel);
        await layer.GroupAddAsync(group, channel.Name, Patience);
        await layer.GroupSendAsync(group, new Note("again"), cancellationToken: Patience);
        Assert.Equal("again", await ReadAsync(channel));
    }

    private sealed record Unknown : Message;

    private sealed class Arrivals : IChannelListener
    {
        public SemaphoreSlim Arrived { get; } = new(0);

        public void OnArrived() => Arrived.Release();
    }
}
