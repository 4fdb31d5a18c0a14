using System.Diagnostics.Metrics;
using System.Text.Json.Serialization.Metadata;
using ChannelsNet.Messages;
using ChannelsNet.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChannelsNet.InMemory;

public sealed class InMemoryChannelLayerContract : ChannelLayerContract
{
    protected override void Configure(ChannelLayerOptions options) => options.Backend = ChannelLayerBackend.InMemory;

    protected override Task<long> CountMembersAsync(IChannelLayer layer, string group) =>
        Task.FromResult<long>(((InMemoryChannelLayer)((ObservedChannelLayer)layer).Inner).Local.MembersOf(group).Length);
}

/// <summary>What is not seen from outside: nothing stays behind.</summary>
public sealed class InMemoryChannelLayerTests : IDisposable
{
    private readonly Microsoft.Extensions.Time.Testing.FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(10));

    public void Dispose() => _patience.Dispose();

    [Fact]
    public async Task A_channel_that_holds_nothing_and_has_no_reader_is_forgotten()
    {
        var layer = NewLayer();
        await layer.SendAsync("jobs", new Note("1"));
        await layer.SendAsync("jobs", new Note("2"));
        await layer.ReceiveAsync("jobs", _patience.Token);
        Assert.Equal(1, layer.Local.ChannelCount);
        await layer.ReceiveAsync("jobs", _patience.Token);
        Assert.Equal(0, layer.Local.ChannelCount);
    }

    [Fact]
    public async Task A_group_without_members_is_forgotten()
    {
        var layer = NewLayer();
        await using var channel = await layer.NewChannelAsync();
        await layer.GroupAddAsync("room", channel.Name);
        await layer.GroupDiscardAsync("room", channel.Name);
        Assert.Equal(0, layer.Local.GroupCount);
    }

    [Fact]
    public async Task A_disposed_channel_leaves_nothing()
    {
        var layer = NewLayer();
        var channel = await layer.NewChannelAsync();
        await layer.GroupAddAsync("one", channel.Name);
        await layer.GroupAddAsync("two", channel.Name);
        await layer.SendAsync(channel.Name, new Note("unread"));
        await channel.DisposeAsync();
        await layer.SendAsync(channel.Name, new Note("to nobody"));
        await layer.GroupAddAsync("three", channel.Name);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => layer.ReceiveAsync(channel.Name, _patience.Token).AsTask());
        Assert.Equal((0, 0), (layer.Local.ChannelCount, layer.Local.GroupCount));
    }

    [Fact]
    public async Task A_message_that_expires_on_a_channel_that_nobody_reads_is_dropped_when_another_is_used()
    {
        var layer = NewLayer();
        await layer.SendAsync("abandoned", new Note("old"));
        _time.Advance(TimeSpan.FromSeconds(61));
        await layer.SendAsync("other", new Note("new"));
        await layer.ReceiveAsync("other", _patience.Token);
        Assert.Equal(0, layer.Local.ChannelCount);
    }

    [Fact]
    public async Task A_general_channel_can_be_a_member_and_falls_out_when_nobody_adds_it_again()
    {
        var layer = NewLayer();
        await layer.GroupAddAsync("room", "logger");
        _time.Advance(TimeSpan.FromHours(23));
        await layer.GroupAddAsync("room", "logger");
        _time.Advance(TimeSpan.FromHours(23));
        await layer.GroupSendAsync("room", new Note("heard"));
        Assert.Equal(new Note("heard"), await layer.ReceiveAsync("logger", _patience.Token));
        _time.Advance(TimeSpan.FromHours(2));
        await layer.GroupSendAsync("room", new Note("not heard"));
        Assert.Equal((0, 0), (layer.Local.ChannelCount, layer.Local.GroupCount));
    }

    [Fact]
    public async Task Readers_and_senders_that_come_and_go_lose_nothing_and_leave_nothing()
    {
        const int Each = 20_000;
        var layer = NewLayer(new ChannelLayerOptions { Capacity = 2 * Each });
        var received = 0;
        var senders = Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++)
            {
                await layer.SendAsync("jobs", new Note("x"));
            }
        })));
        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++)
            {
                await layer.ReceiveAsync("jobs", _patience.Token);
                Interlocked.Increment(ref received);
            }
        })));
        await senders;
        Assert.Equal(2 * Each, received);
        Assert.Equal(0, layer.Local.ChannelCount);
    }

    private InMemoryChannelLayer NewLayer(ChannelLayerOptions? options = null)
    {
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        return new InMemoryChannelLayer(
            options ?? new ChannelLayerOptions(),
            new MessageTypes([MessageType.Create<Note>(new DefaultJsonTypeInfoResolver())]),
            _time,
            new Drops("default", meters, _time, NullLogger.Instance),
            new LayerMeter("default", meters),
            NullLogger.Instance);
    }
}
