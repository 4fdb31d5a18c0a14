using System.Diagnostics.Metrics;
using ChannelsNet.Support;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace ChannelsNet.Redis;

/// <summary>A real redis-server goes away and comes back while two processes use it.</summary>
public sealed class BrokerLossTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(30));
    private readonly List<ServiceProvider> _processes = [];
    private readonly string _prefix = $"loss-{Guid.NewGuid():N}";
    private RedisServer? _server;
    private TcpProxy? _proxy;

    private RedisServer Server => _server!;

    private CancellationToken Patience => _patience.Token;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _patience.Dispose();
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData(ChannelLayerBackend.RedisPubSub, "stopped")]
    [InlineData(ChannelLayerBackend.RedisPubSub, "killed")]
    [InlineData(ChannelLayerBackend.Redis, "stopped")]
    [InlineData(ChannelLayerBackend.Redis, "killed")]
    public async Task A_server_that_comes_back_empty_is_used_again_as_if_nothing_had_been(ChannelLayerBackend backend, string end)
    {
        _server = await RedisServer.StartProcessAsync();
        var here = await NewProcessAsync(backend);
        var there = await NewProcessAsync(backend);
        await here.Layer.GroupSendAsync("room", new Note("before"), cancellationToken: Patience);
        Assert.Equal("before", await here.ReadAsync());
        Assert.Equal("before", await there.ReadAsync());

        var lost = here.WhenAsync(ChannelLayerState.Degraded);
        await (end == "killed" ? Server.KillAsync() : Server.StopAsync());
        await lost;

        // Whoever comes while the server is away is served when it is back.
        await using var late = await here.Layer.NewChannelAsync(cancellationToken: Patience);
        await here.Layer.GroupAddAsync("late", late.Name, Patience);

        await BackAsync(here, there);
        await UntilHeardAsync(there, here, "room");
        await UntilHeardAsync(here, there, "room");
        await UntilHeardAsync(there, late, "late");
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Members_here_are_served_meanwhile_and_those_elsewhere_afterwards()
    {
        _server = await RedisServer.StartProcessAsync();
        var here = await NewProcessAsync(ChannelLayerBackend.RedisPubSub);
        var there = await NewProcessAsync(ChannelLayerBackend.RedisPubSub);
        var lost = Task.WhenAll(here.WhenAsync(ChannelLayerState.Degraded), there.WhenAsync(ChannelLayerState.Degraded));
        await Server.KillAsync();
        await lost;

        await here.Layer.GroupSendAsync("room", new Note("1"), cancellationToken: Patience);
        await here.Layer.GroupSendAsync("room", new Note("2"), cancellationToken: Patience);
        await here.Layer.SendAsync(there.Channel.Name, new Note("3"), Patience);
        Assert.Equal("1", await here.ReadAsync());
        Assert.Equal("2", await here.ReadAsync());

        await BackAsync(here, there);
        string[] heard = [await there.ReadAsync(), await there.ReadAsync(), await there.ReadAsync()];
        Assert.Equal(["1", "2", "3"], heard.Order());
        await UntilHeardAsync(there, here, "room");
        AssertOnlyMarksAreLeft(here);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task What_is_posted_meanwhile_reaches_members_here_at_once_and_those_elsewhere_afterwards_in_order()
    {
        _server = await RedisServer.StartProcessAsync();
        var here = await NewProcessAsync(ChannelLayerBackend.RedisPubSub);
        var there = await NewProcessAsync(ChannelLayerBackend.RedisPubSub);
        var lost = Task.WhenAll(here.WhenAsync(ChannelLayerState.Degraded), there.WhenAsync(ChannelLayerState.Degraded));
        await Server.KillAsync();
        await lost;
        for (var i = 0; i < 20; i++)
        {
            await ((IPostingLayer)here.Layer).GroupPostAsync("room", new Note($"{i}"), except: null);
        }

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal($"{i}", await here.ReadAsync());
        }

        await BackAsync(here, there);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal($"{i}", await there.ReadAsync());
        }

        await UntilHeardAsync(there, here, "room");

        AssertOnlyMarksAreLeft(here);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_post_is_refused_by_a_layer_that_refuses()
    {
        _server = await RedisServer.StartProcessAsync();
        var here = await NewProcessAsync(ChannelLayerBackend.RedisPubSub, options => options.WhenDisconnected = WhenDisconnected.Refuse);
        var lost = here.WhenAsync(ChannelLayerState.Degraded);
        await Server.KillAsync();
        await lost;
        await Assert.ThrowsAsync<ChannelLayerUnavailableException>(
            () => ((IPostingLayer)here.Layer).GroupPostAsync("room", new Note("x"), except: null).AsTask());
        Assert.Equal("x", await here.ReadAsync());
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task What_does_not_fit_into_the_retry_buffer_is_dropped_and_counted()
    {
        _server = await RedisServer.StartProcessAsync();
        var here = await NewProcessAsync(ChannelLayerBackend.RedisPubSub, options => options.RetryBuffer = 2);
        var there = await NewProcessAsync(ChannelLayerBackend.RedisPubSub);
        var lost = here.WhenAsync(ChannelLayerState.Degraded);
        await Server.KillAsync();
        await lost;
        for (var i = 0; i < 5; i++)
        {
            await here.Layer.SendAsync(there.Channel.Name, new Note($"{i}"), Patience);
        }

        Assert.Equal(3, here.Dropped("disconnected"));
        await BackAsync(here, there);
        Assert.Equal("3", await there.ReadAsync());
        Assert.Equal("4", await there.ReadAsync());
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData(ChannelLayerBackend.RedisPubSub)]
    [InlineData(ChannelLayerBackend.Redis)]
    public async Task A_layer_that_refuses_says_so_and_goes_on_when_the_server_is_back(ChannelLayerBackend backend)
    {
        _server = await RedisServer.StartProcessAsync();
        var here = await NewProcessAsync(backend, options => options.WhenDisconnected = WhenDisconnected.Refuse);
        var there = await NewProcessAsync(backend);
        var lost = here.WhenAsync(ChannelLayerState.Degraded);
        await Server.KillAsync();
        await lost;
        var fault = await Assert.ThrowsAsync<ChannelLayerUnavailableException>(
            () => here.Layer.SendAsync(there.Channel.Name, new Note("x"), Patience).AsTask());
        Assert.Contains(Server.Address, fault.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ChannelLayerUnavailableException>(
            () => here.Layer.GroupSendAsync("room", new Note("x"), cancellationToken: Patience).AsTask());
        if (backend == ChannelLayerBackend.RedisPubSub)
        {
            Assert.Equal("x", await here.ReadAsync());
        }

        await BackAsync(here, there);
        await UntilHeardAsync(here, there, "room");
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData(ChannelLayerBackend.RedisPubSub)]
    [InlineData(ChannelLayerBackend.Redis)]
    public async Task A_process_that_starts_without_a_server_works_when_there_is_one(ChannelLayerBackend backend)
    {
        _server = await RedisServer.StartProcessAsync();
        await Server.StopAsync();
        var here = await NewProcessAsync(backend);
        Assert.Equal(ChannelLayerState.Degraded, here.Status.State);
        var connected = here.WhenAsync(ChannelLayerState.Connected);
        await Server.StartAgainAsync();
        await connected;
        var there = await NewProcessAsync(backend);
        await UntilHeardAsync(there, here, "room");
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData(ChannelLayerBackend.RedisPubSub)]
    [InlineData(ChannelLayerBackend.Redis)]
    public async Task Connections_that_break_under_traffic_lose_some_double_none_and_keep_the_order(ChannelLayerBackend backend)
    {
        const int Count = 2000;
        _server = await RedisServer.StartProcessAsync();
        _proxy = TcpProxy.Start(Server.Address);
        var here = await NewProcessAsync(backend, options => options.Capacity = 10 * Count);
        var there = await NewProcessAsync(backend, options => options.Capacity = 10 * Count);
        for (var i = 0; i < Count; i++)
        {
            if (i is 500 or 1000 or 1500)
            {
                _proxy.CutAll();
            }

            try
            {
                await here.Layer.SendAsync(there.Channel.Name, new Note($"{i}"), Patience);
            }
            catch (Exception fault) when (backend == ChannelLayerBackend.Redis && fault is not OperationCanceledException)
            {
                // The queues tell the sender, who waits for the server.
                await UntilTakenAsync(here);
            }
        }

        await UntilHeardAsync(here, there, "room", out var got);
        var numbers = got.Where(text => char.IsAsciiDigit(text[0])).Select(text => int.Parse(text, null)).ToArray();
        Assert.Equal(numbers.Order().Distinct(), numbers);
        Assert.True(numbers.Length > 500, $"{numbers.Length} of {Count} arrived.");
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_channel_that_leaves_a_group_while_the_server_is_away_is_not_a_member_when_it_is_back()
    {
        _server = await RedisServer.StartProcessAsync();
        _proxy = TcpProxy.Start(Server.Address);
        var here = await NewProcessAsync(ChannelLayerBackend.Redis);
        await using var observer = await ConnectionMultiplexer.ConnectAsync(Server.Address);
        RedisKey room = $"{_prefix}:group:room";
        Assert.Equal(1, await observer.GetDatabase().SortedSetLengthAsync(room));

        var lost = here.WhenAsync(ChannelLayerState.Degraded);
        _proxy.Refuse();
        _proxy.CutAll();
        await lost;
        await here.Layer.GroupDiscardAsync("room", here.Channel.Name, Patience);
        await here.Layer.GroupAddAsync("left-and-joined", here.Channel.Name, Patience);
        await here.Layer.GroupDiscardAsync("left-and-joined", here.Channel.Name, Patience);
        await here.Layer.GroupAddAsync("left-and-joined", here.Channel.Name, Patience);
        Assert.Equal(1, await observer.GetDatabase().SortedSetLengthAsync(room));

        _proxy.Accept();
        while (await observer.GetDatabase().SortedSetLengthAsync(room) > 0
            || await observer.GetDatabase().SortedSetLengthAsync($"{_prefix}:group:left-and-joined") == 0)
        {
            await Task.Delay(10, Patience);
        }
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData(ChannelLayerBackend.RedisPubSub, "")]
    [InlineData(ChannelLayerBackend.RedisPubSub, ",protocol=resp2")]
    [InlineData(ChannelLayerBackend.Redis, "")]
    public async Task Connections_that_break_again_and_again_are_known_to_stand_in_the_end(ChannelLayerBackend backend, string protocol)
    {
        _server = await RedisServer.StartProcessAsync();
        _proxy = TcpProxy.Start(Server.Address);
        var here = await NewProcessAsync(backend, options => options.Hosts[0] += protocol);
        var there = await NewProcessAsync(backend, options => options.Hosts[0] += protocol);
        for (var i = 0; i < 40; i++)
        {
            // The growing pause lets them be cut at every stage: while they are made, just when they stand, and a while after.
            _proxy.CutAll();
            await Task.Delay(i, Patience);
        }

        await here.WhenAsync(ChannelLayerState.Connected);
        await there.WhenAsync(ChannelLayerState.Connected);
        await UntilHeardAsync(here, there, "room");
        await UntilHeardAsync(there, here, "room");
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Subscriptions_that_do_not_come_back_with_the_connection_are_made_again()
    {
        _server = await RedisServer.StartProcessAsync();
        var here = await NewProcessAsync(ChannelLayerBackend.RedisPubSub);
        var there = await NewProcessAsync(ChannelLayerBackend.RedisPubSub);
        await using var observer = await ConnectionMultiplexer.ConnectAsync(Server.Address);
        var redis = observer.GetDatabase();

        // Redis ends the connections of those who are subscribed to what they may no longer hear, and refuses the subscriptions of those who return.
        var lost = here.WhenAsync(ChannelLayerState.Degraded);
        await redis.ExecuteAsync("ACL", "SETUSER", "default", "resetchannels");
        await lost;
        await here.WhenAsync(ChannelLayerState.Connected);
        await redis.ExecuteAsync("ACL", "SETUSER", "default", "allchannels");

        await UntilHeardAsync(there, here, "room");
        await UntilHeardAsync(here, there, "room");
    }

    /// <summary>Sends to nobody until the layer takes it: a send can fail before the state says that the connection is away.</summary>
    private async Task UntilTakenAsync(LossProcess from)
    {
        while (true)
        {
            await from.WhenAsync(ChannelLayerState.Connected);
            try
            {
                await from.Layer.SendAsync("probe", new Note("probe"), Patience);
                return;
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                await Task.Yield();
            }
        }
    }

    private async Task BackAsync(params LossProcess[] processes)
    {
        var back = Task.WhenAll(processes.Select(process => process.WhenAsync(ChannelLayerState.Connected)));
        await Server.StartAgainAsync();
        await back;
    }

    /// <summary>No message came twice. A mark may have, which is sent until it is heard.</summary>
    private static void AssertOnlyMarksAreLeft(LossProcess process)
    {
        while (process.Channel.TryRead(out var left))
        {
            Assert.StartsWith("mark ", ((Note)left).Text, StringComparison.Ordinal);
        }
    }

    /// <summary>Sends to a group until the last message is heard; subscriptions and memberships return a moment after the connection.</summary>
    private Task UntilHeardAsync(LossProcess from, LossProcess to, string group) => UntilHeardAsync(from, to.Channel, group, []);

    private Task UntilHeardAsync(LossProcess from, IChannel to, string group) => UntilHeardAsync(from, to, group, []);

    private Task UntilHeardAsync(LossProcess from, LossProcess to, string group, out List<string> got) =>
        UntilHeardAsync(from, to.Channel, group, got = []);

    private async Task UntilHeardAsync(LossProcess from, IChannel to, string group, List<string> got)
    {
        var mark = $"mark {Guid.NewGuid():N}";
        while (true)
        {
            try
            {
                await from.Layer.GroupSendAsync(group, new Note(mark), cancellationToken: Patience);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                // Not back yet.
            }

            using var soon = CancellationTokenSource.CreateLinkedTokenSource(Patience);
            soon.CancelAfter(TimeSpan.FromMilliseconds(200));
            try
            {
                for (string text; (text = ((Note)await to.ReadAsync(soon.Token)).Text) != mark;)
                {
                    got.Add(text);
                }

                return;
            }
            catch (OperationCanceledException) when (!Patience.IsCancellationRequested)
            {
            }
        }
    }

    private async Task<LossProcess> NewProcessAsync(ChannelLayerBackend backend, Action<ChannelLayerOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddChannelLayers(configure: options =>
        {
            options.Backend = backend;
            options.Hosts.Add(_proxy?.Address ?? Server.Address);
            options.Prefix = _prefix;
            configure?.Invoke(options);
        }).AddMessage<Note>();
        _processes.Add(services.BuildServiceProvider());
        var process = new LossProcess(_processes[^1], Patience);
        await process.JoinAsync("room");
        return process;
    }

    /// <summary>One process: its layer, a channel in the group "room", its state and its losses.</summary>
    private sealed class LossProcess
    {
        private readonly CancellationToken _patience;
        private readonly MeterListener _listener = new();
        private readonly Dictionary<string, long> _dropped = [];
        private IChannel? _channel;

        public LossProcess(ServiceProvider services, CancellationToken patience)
        {
            _patience = patience;
            Layer = services.GetRequiredService<IChannelLayer>();
            Status = services.GetRequiredService<IChannelLayerStatus>();
            var meters = services.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == meters && instrument.Name == "channels.layer.dropped")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
            {
                lock (_dropped)
                {
                    var reason = (string)tags.ToArray().Single(tag => tag.Key == "reason").Value!;
                    _dropped[reason] = _dropped.GetValueOrDefault(reason) + value;
                }
            });
            _listener.Start();
        }

        public IChannelLayer Layer { get; }

        public IChannelLayerStatus Status { get; }

        public IChannel Channel => _channel!;

        public async Task JoinAsync(string group)
        {
            _channel = await Layer.NewChannelAsync(cancellationToken: _patience);
            await Layer.GroupAddAsync(group, _channel.Name, _patience);
        }

        public long Dropped(string reason)
        {
            lock (_dropped)
            {
                return _dropped.GetValueOrDefault(reason);
            }
        }

        public async Task<string> ReadAsync() => ((Note)await Channel.ReadAsync(_patience)).Text;

        public async Task WhenAsync(ChannelLayerState state)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            void Note(ChannelLayerState now)
            {
                if (now == state)
                {
                    reached.TrySetResult();
                }
            }

            Status.Changed += Note;
            Note(Status.State);
            await reached.Task.WaitAsync(_patience);
            Status.Changed -= Note;
        }
    }
}
