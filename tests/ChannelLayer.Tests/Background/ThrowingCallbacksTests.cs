using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using ChannelsNet.Messages;
using ChannelsNet.Redis.PubSub;
using ChannelsNet.Support;
using ChannelsNet.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Background;

/// <summary>What a layer calls and others have written: wherever it throws, the rest goes on, and the log says so.</summary>
public sealed class ThrowingCallbacksTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(30));
    private readonly List<ServiceProvider> _processes = [];
    private readonly Errors _errors = new();
    private RedisServer? _server;
    private TcpProxy? _proxy;

    public static TheoryData<ChannelLayerBackend> OverRedis => [ChannelLayerBackend.RedisPubSub, ChannelLayerBackend.Redis];

    private CancellationToken Patience => _patience.Token;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        await (_proxy?.DisposeAsync() ?? default);
        await (_server?.DisposeAsync() ?? default);
        _patience.Dispose();
    }

    [Fact]
    public async Task A_listener_that_throws_keeps_no_message_from_the_other_members_nor_from_its_own_mailbox()
    {
        var layer = NewProcess(ChannelLayerBackend.InMemory, _errors).GetRequiredService<IChannelLayer>();
        var members = new List<IChannel>();
        for (var i = 0; i < 5; i++)
        {
            members.Add(await layer.NewChannelAsync(listener: i % 2 == 0 ? new ThrowingListener() : null));
            await layer.GroupAddAsync("room", members[i].Name);
        }

        await layer.GroupSendAsync("room", new Note("1"));
        await layer.GroupSendAsync("room", new Note("2"));
        await layer.SendAsync(members[0].Name, new Note("3"));
        foreach (var member in members)
        {
            Assert.True(member.TryRead(out var first));
            Assert.True(member.TryRead(out var second));
            Assert.Equal([new Note("1"), new Note("2")], [first, second]);
        }

        Assert.True(members[0].TryRead(out var third));
        Assert.Equal(new Note("3"), third);
        Assert.Contains(members[0].Name, Assert.Single(_errors.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listener_that_joins_sends_leaves_or_ends_its_channel_keeps_no_message_from_the_other_members()
    {
        var layer = NewProcess(ChannelLayerBackend.InMemory, _errors).GetRequiredService<IChannelLayer>();
        await using var late = await layer.NewChannelAsync();
        await using var first = await layer.NewChannelAsync(listener: new Listener(() => layer.GroupAddAsync("room", late.Name).AsTask().Wait()));
        var sent = 0;
        await using var second = await layer.NewChannelAsync(listener: new Listener(() =>
        {
            if (++sent == 1)
            {
                layer.GroupSendAsync("room", new Note("again")).AsTask().Wait();
            }
        }));
        IChannel third = null!;
        third = await layer.NewChannelAsync(listener: new Listener(() => layer.GroupDiscardAsync("room", third.Name).AsTask().Wait()));
        IChannel fourth = null!;
        fourth = await layer.NewChannelAsync(listener: new Listener(() => fourth.DisposeAsync().AsTask().Wait()));
        await using var last = await layer.NewChannelAsync();
        foreach (var member in (IChannel[])[first, second, third, fourth, last])
        {
            await layer.GroupAddAsync("room", member.Name);
        }

        await layer.GroupSendAsync("room", new Note("1"));
        await layer.GroupSendAsync("room", new Note("2"));
        var heard = new List<string>();
        while (last.TryRead(out var message))
        {
            heard.Add(((Note)message).Text);
        }

        Assert.Equal(["again", "1", "2"], heard);
        Assert.False(late.TryRead(out _));
        await layer.GroupAddAsync("room", late.Name);
        Assert.Contains(first.Name, Assert.Single(_errors.Lines), StringComparison.Ordinal);
        await third.DisposeAsync();
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [MemberData(nameof(OverRedis))]
    public async Task A_listener_that_throws_does_not_stop_the_reading_from_Redis(ChannelLayerBackend backend)
    {
        _server = await RedisServer.StartProcessAsync();
        var layer = NewProcess(backend, _errors, _server.Address).GetRequiredService<IChannelLayer>();
        await using var throwing = await layer.NewChannelAsync(listener: new ThrowingListener(), cancellationToken: Patience);
        await using var other = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.GroupAddAsync("room", throwing.Name, Patience);
        await layer.GroupAddAsync("room", other.Name, Patience);
        for (var i = 0; i < 3; i++)
        {
            await layer.GroupSendAsync("room", new Note($"{i}"), cancellationToken: Patience);
            Assert.Equal(new Note($"{i}"), await other.ReadAsync(Patience));
            Assert.Equal(new Note($"{i}"), await throwing.ReadAsync(Patience));
        }
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [MemberData(nameof(OverRedis))]
    public async Task A_message_whose_reading_throws_is_counted_and_the_next_arrives(ChannelLayerBackend backend)
    {
        _server = await RedisServer.StartProcessAsync();
        var process = NewProcess(backend, _errors, _server.Address, options => options.Serializer = "throwing");
        using var dropped = new MetricCollector<long>(process.GetRequiredService<IMeterFactory>(), "ChannelsNet.ChannelLayer", "channels.layer.dropped");
        var layer = process.GetRequiredService<IChannelLayer>();
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.GroupAddAsync("room", channel.Name, Patience);
        await layer.GroupSendAsync("room", new Note("throw"), cancellationToken: Patience);
        await layer.GroupSendAsync("room", new Note("fine"), cancellationToken: Patience);
        Assert.Equal(new Note("fine"), await channel.ReadAsync(Patience));
        Assert.Equal("unreadable", Assert.Single(dropped.GetMeasurementSnapshot()).Tags["reason"]);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_handler_of_the_state_that_throws_keeps_neither_others_nor_the_layer_from_hearing_it()
    {
        _server = await RedisServer.StartProcessAsync();
        var process = NewProcess(ChannelLayerBackend.Redis, _errors, _server.Address);
        var status = process.GetRequiredService<IChannelLayerStatus>();
        status.Changed += _ => throw new InvalidOperationException("mine");
        var layer = process.GetRequiredService<IChannelLayer>();
        var heard = new ConcurrentQueue<ChannelLayerState>();
        status.Changed += heard.Enqueue;
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.GroupAddAsync("room", channel.Name, Patience);
        await WhenAsync(() => heard.Contains(ChannelLayerState.Connected));

        // The server forgets all, so the membership is there again only if the layer has heard that it is back.
        await _server.KillAsync();
        await WhenAsync(() => heard.Contains(ChannelLayerState.Degraded));
        await _server.StartAgainAsync();
        await WhenHeardAsync(layer, channel);
        Assert.All(_errors.Lines, line => Assert.Contains("IChannelLayerStatus.Changed", line, StringComparison.Ordinal));
        Assert.InRange(_errors.Lines.Count, 2, 20);
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [MemberData(nameof(OverRedis))]
    public async Task A_log_provider_that_throws_ends_no_loop(ChannelLayerBackend backend)
    {
        _server = await RedisServer.StartProcessAsync();
        _proxy = TcpProxy.Start(_server.Address);
        var log = new ThrowingLog();
        var process = NewProcess(backend, log, _proxy.Address);
        var layer = process.GetRequiredService<IChannelLayer>();
        var status = process.GetRequiredService<IChannelLayerStatus>();
        await using var lease = process.GetRequiredService<ILeases>().Open("clock");
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        await layer.GroupAddAsync("room", channel.Name, Patience);
        await WhenAsync(() => lease.IsHeld && status.State == ChannelLayerState.Connected);
        for (var i = 0; i < 2; i++)
        {
            var lines = log.Lines;
            _proxy.Refuse();
            _proxy.CutAll();
            await WhenAsync(() => !lease.IsHeld && status.State == ChannelLayerState.Degraded && log.Lines > lines);
            if (backend == ChannelLayerBackend.RedisPubSub)
            {
                await ((IPostingLayer)layer).GroupPostAsync("room", new Note("buffered"), except: null);
            }

            _proxy.Accept();
            await WhenAsync(() => lease.IsHeld && status.State == ChannelLayerState.Connected);
            await WhenHeardAsync(layer, channel);
        }
    }

    [Fact]
    public void A_metric_that_can_not_be_read_does_not_hide_the_others()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        new LayerMeter("default", meters).Observe(
            () => throw new InvalidOperationException(), new ThrowingCounts(), () => throw new InvalidOperationException(), _errors);
        var seen = new Dictionary<string, int>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => seen.Add(instrument.Name, value));
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Equal(new() { ["channels.layer.groups"] = 7, ["channels.layer.queued"] = 8 }, seen);
        Assert.Equal(4, _errors.Lines.Count);
    }

    [Fact]
    public async Task A_message_that_can_neither_be_published_nor_buffered_does_not_stop_the_pipeline()
    {
        var failed = new List<string>();
        var pipeline = new PublishPipeline("server", _errors, publication =>
        {
            failed.Add(publication.Group!);
            throw new InvalidOperationException("mine");
        });
        for (var i = 0; i < 1000; i++)
        {
            var publishing = i % 2 == 0 ? Task.FromResult<Exception?>(new TimeoutException()) : Task.FromException<Exception?>(new InvalidOperationException());
            await pipeline.AddAsync(publishing, new Publication(default, [], new Note(""), default, $"{i}")).AsTask().WaitAsync(Patience);
        }

        await pipeline.ConfirmedAsync().WaitAsync(Patience);
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{2 * i}"), failed);
        Assert.Equal(1000, _errors.Lines.Count);
    }

    private ServiceProvider NewProcess(ChannelLayerBackend backend, ILoggerProvider log, string? address = null, Action<ChannelLayerOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(log));
        services.AddChannelLayers(configure: options =>
        {
            (options.Backend, options.Prefix) = (backend, "throwing");
            if (address is not null)
            {
                options.Hosts.Add(address);
            }

            configure?.Invoke(options);
        }).AddMessage<Note>().AddSerializer("throwing", provider => new ThrowingSerializer(provider.GetRequiredKeyedService<IMessageSerializer>("json")));
        _processes.Add(services.BuildServiceProvider());
        return _processes[^1];
    }

    private async Task WhenAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(10, Patience);
        }
    }

    /// <summary>Sends until the channel gets it: memberships and subscriptions return a moment after the connection.</summary>
    private async Task WhenHeardAsync(IChannelLayer layer, IChannel channel)
    {
        var mark = new Note($"mark {Guid.NewGuid()}");
        while (true)
        {
            try
            {
                await layer.GroupSendAsync("room", mark, cancellationToken: Patience);
            }
            catch (ChannelLayerUnavailableException)
            {
                // Not back yet.
            }

            for (var tries = 0; tries < 20; tries++)
            {
                while (channel.TryRead(out var message))
                {
                    if (message.Equals(mark))
                    {
                        return;
                    }
                }

                await Task.Delay(10, Patience);
            }
        }
    }

    private sealed class Listener(Action onArrived) : IChannelListener
    {
        public void OnArrived() => onArrived();
    }

    private sealed class ThrowingListener : IChannelListener
    {
        public void OnArrived() => throw new InvalidOperationException("mine");
    }

    private sealed class ThrowingCounts : ILocalCounts
    {
        public int GroupCount => 7;

        public int MemberCount => throw new InvalidOperationException();

        public int ChannelCount => throw new InvalidOperationException();

        public int MessageCount => 8;
    }

    private sealed class ThrowingSerializer(IMessageSerializer inner) : IMessageSerializer
    {
        public void Serialize(Message message, MessageRoute route, IBufferWriter<byte> output) => inner.Serialize(message, route, output);

        public Message Deserialize(ReadOnlyMemory<byte> payload, out MessageRoute route)
        {
            var message = inner.Deserialize(payload, out route);
            return message is Note { Text: "throw" } ? throw new InvalidOperationException("mine") : message;
        }
    }

    private sealed class Errors : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public ConcurrentQueue<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                _lines.Enqueue(formatter(state, exception));
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Dispose()
        {
        }
    }
}
