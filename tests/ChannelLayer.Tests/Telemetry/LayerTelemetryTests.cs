using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ChannelsNet.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace ChannelsNet.Telemetry;

public sealed class LayerTelemetryTests : IClassFixture<RedisFixture>, IAsyncDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(10));
    private readonly List<ServiceProvider> _processes = [];
    private readonly RedisFixture _redis;
    private readonly string _prefix = $"telemetry-{Guid.NewGuid():N}";

    public LayerTelemetryTests(RedisFixture redis) => _redis = redis;

    public static TheoryData<ChannelLayerBackend> Backends => [ChannelLayerBackend.InMemory, ChannelLayerBackend.RedisPubSub, ChannelLayerBackend.Redis];

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _patience.Dispose();
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public async Task The_trace_of_the_sender_comes_with_the_message(ChannelLayerBackend backend)
    {
        var (layer, _) = NewProcess(backend);
        var other = backend == ChannelLayerBackend.InMemory ? layer : NewProcess(backend).Layer;
        await using var channel = await other.NewChannelAsync(cancellationToken: _patience.Token);
        var group = $"room-{Guid.NewGuid():N}";
        await other.GroupAddAsync(group, channel.Name, _patience.Token);

        await layer.GroupSendAsync(group, new Note("nobody traces"), cancellationToken: _patience.Token);
        Assert.Null((await channel.ReadAsync(_patience.Token)).TraceParent);

        // Others' tests may be running, and are heard too.
        var sent = new ConcurrentQueue<Activity>();
        using var listener = Listen(sent);
        await layer.GroupSendAsync(group, new Note("traced"), cancellationToken: _patience.Token);
        var message = await channel.ReadAsync(_patience.Token);
        Assert.Equal(new Note("traced"), message);
        var activity = Single(group);
        Assert.Equal(activity.Id, message.TraceParent);
        Assert.Equal((ActivityKind.Producer, "send test.note"), (activity.Kind, activity.OperationName));

        await layer.SendAsync(channel.Name, new Note("to one"), _patience.Token);
        Assert.Equal(Single(channel.Name).Id, (await channel.ReadAsync(_patience.Token)).TraceParent);

        Activity Single(string destination) => Assert.Single(sent, activity => activity.GetTagItem("messaging.destination.name") as string == destination);
    }

    [Fact]
    public async Task A_message_that_is_sent_again_does_not_carry_the_trace_in_which_it_was_sent_before()
    {
        var (layer, _) = NewProcess(ChannelLayerBackend.InMemory);
        await using var channel = await layer.NewChannelAsync(cancellationToken: _patience.Token);
        var sent = new ConcurrentQueue<Activity>();
        var message = new Note("the same object");
        using (Listen(sent))
        {
            await layer.SendAsync(channel.Name, message, _patience.Token);
        }

        Assert.NotNull((await channel.ReadAsync(_patience.Token)).TraceParent);
        using var unsampled = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "ChannelsNet",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.None,
        };
        ActivitySource.AddActivityListener(unsampled);
        await layer.SendAsync(channel.Name, message, _patience.Token);
        var again = await channel.ReadAsync(_patience.Token);

        // Others' tests may be running and sample all: then it is another trace.
        Assert.NotEqual(sent.First(activity => activity.GetTagItem("messaging.destination.name") as string == channel.Name).Id, again.TraceParent);
    }

    [Fact]
    public async Task Sends_are_timed_with_how_they_ended_and_what_arrives_is_counted()
    {
        var (layer, meters) = NewProcess(ChannelLayerBackend.InMemory, options => options.Capacity = 1);
        using var durations = new MetricCollector<double>(meters, "ChannelsNet.ChannelLayer", "channels.layer.send.duration");
        using var received = new MetricCollector<long>(meters, "ChannelsNet.ChannelLayer", "channels.layer.received");
        using var fanOut = new MetricCollector<double>(meters, "ChannelsNet.ChannelLayer", "channels.layer.fanout.duration");
        await using var one = await layer.NewChannelAsync();
        await using var other = await layer.NewChannelAsync();
        await layer.GroupAddAsync("room", one.Name);
        await layer.GroupAddAsync("room", other.Name);
        await layer.GroupSendAsync("room", new Note("hello"));
        await Assert.ThrowsAsync<ChannelFullException>(() => layer.SendAsync(one.Name, new Note("one too many")).AsTask());

        var measured = durations.GetMeasurementSnapshot();
        Assert.Equal([("group", null), ("channel", "full")], measured.Select(
            one => ((string?)one.Tags["kind"], (string?)one.Tags.GetValueOrDefault("error.type"))));
        Assert.All(measured, one => Assert.Equal("default", one.Tags["layer"]));
        Assert.Equal(2, received.GetMeasurementSnapshot().Sum(one => one.Value));
        Assert.Single(fanOut.GetMeasurementSnapshot());
    }

    [Fact]
    public async Task The_state_and_what_is_in_the_process_can_be_looked_at()
    {
        var (layer, meters) = NewProcess(ChannelLayerBackend.InMemory);
        string[] names = ["connected", "groups", "members", "channels", "queued"];
        var collectors = names.Select(name => new MetricCollector<int>(meters, "ChannelsNet.ChannelLayer", $"channels.layer.{name}")).ToArray();
        await using (var one = await layer.NewChannelAsync())
        await using (var other = await layer.NewChannelAsync())
        {
            await layer.GroupAddAsync("room", one.Name);
            await layer.GroupAddAsync("room", other.Name);
            await layer.GroupAddAsync("hall", one.Name);
            await layer.GroupSendAsync("room", new Note("hello"));
            await layer.GroupSendAsync("hall", new Note("hello"));
            Assert.Equal([1, 2, 3, 2, 3], Look());
        }

        Assert.Equal([1, 0, 0, 0, 0], Look());

        IEnumerable<int> Look() => collectors.Select(collector =>
        {
            collector.RecordObservableInstruments();
            return collector.LastMeasurement!.Value;
        });
    }

    [Theory]
    [InlineData(ChannelLayerBackend.RedisPubSub)]
    [InlineData(ChannelLayerBackend.Redis)]
    public async Task The_time_that_Redis_takes_to_answer_can_be_looked_at(ChannelLayerBackend backend)
    {
        var (layer, meters) = NewProcess(backend);
        using var roundTrip = new MetricCollector<double>(meters, "ChannelsNet.ChannelLayer", "channels.layer.round_trip");
        await layer.GroupSendAsync("room", new Note("so that it connects"));
        var looked = 0;
        while (roundTrip.LastMeasurement is null)
        {
            _patience.Token.ThrowIfCancellationRequested();
            roundTrip.RecordObservableInstruments();
            looked++;
            await Task.Yield();
        }

        // The first look only begins to measure.
        Assert.True(looked > 1);
        Assert.InRange(roundTrip.LastMeasurement.Value, 0.000001, 10);
    }

    private static ActivityListener Listen(ConcurrentQueue<Activity> sent)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "ChannelsNet",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = sent.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private (IChannelLayer Layer, IMeterFactory Meters) NewProcess(ChannelLayerBackend backend, Action<ChannelLayerOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddChannelLayers(configure: options =>
        {
            (options.Backend, options.Prefix) = (backend, _prefix);
            options.Hosts.Add(_redis.Address);
            configure?.Invoke(options);
        }).AddMessage<Note>();
        var process = services.BuildServiceProvider();
        _processes.Add(process);
        return (process.GetRequiredService<IChannelLayer>(), process.GetRequiredService<IMeterFactory>());
    }
}
