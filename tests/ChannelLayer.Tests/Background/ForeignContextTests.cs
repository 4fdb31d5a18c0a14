using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using ChannelsNet.Messages;
using ChannelsNet.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Background;

/// <summary>
/// Ann's request is the first to use a layer, so it starts the connections, subscriptions, readers and loops. What these do and log later carries neither her
/// log scope nor her trace.
/// </summary>
public sealed class ForeignContextTests : IAsyncLifetime
{
    private static readonly AsyncLocal<string?> _user = new();

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(30));
    private readonly ContextLog _log = new();
    private readonly List<ServiceProvider> _processes = [];
    private RedisServer? _server;
    private TcpProxy? _proxy;

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

    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData(ChannelLayerBackend.RedisPubSub)]
    [InlineData(ChannelLayerBackend.Redis)]
    public async Task What_outlives_the_first_request_carries_nothing_of_it(ChannelLayerBackend backend)
    {
        _server = await RedisServer.StartProcessAsync();
        _proxy = TcpProxy.Start(_server.Address);
        var process = NewProcess(backend, _proxy.Address, _log);
        var other = NewProcess(backend, _server.Address, new ContextLog()).GetRequiredService<IChannelLayer>();
        var listener = new Listener(_log);
        var (channel, lease) = await AnnAsync(process, listener);
        await using var _ = channel;
        await using var __ = lease;
        await AssertHeardAsync(other, channel);

        // All that Ann began herself has ended.
        _log.Clear();
        _user.Value = "Bob";
        var layer = process.GetRequiredService<IChannelLayer>();
        var status = process.GetRequiredService<IChannelLayerStatus>();
        var told = new ConcurrentQueue<ChannelLayerState>();
        status.Changed += state =>
        {
            _log.Add($"status {state}");
            told.Enqueue(state);
        };
        _proxy.Refuse();
        _proxy.CutAll();
        await WhenAsync(() => told.Contains(ChannelLayerState.Degraded));
        if (backend == ChannelLayerBackend.RedisPubSub)
        {
            // What is buffered is published by a loop that Bob begins.
            await layer.GroupSendAsync("room", new Note("Bob"), cancellationToken: Patience);
            await using var late = await layer.NewChannelAsync("late", cancellationToken: Patience);
        }

        await WhenAsync(() => !lease.IsHeld);
        _proxy.Accept();
        await WhenAsync(() => told.Contains(ChannelLayerState.Connected) && lease.IsHeld);
        await AssertHeardAsync(other, channel);
        await WhenAsync(() => _log.Lines.Any(line => line.Text.Contains("is back", StringComparison.Ordinal)));
        await lease.DisposeAsync();

        string[] expected = backend == ChannelLayerBackend.Redis
            ? ["lost", "is back", "Can't read", "can't be asked", "is no longer held", "status Degraded", "status Connected", "deserialize", "arrived"]
            : ["lost", "is back", "can't be asked", "is no longer held", "status Degraded", "status Connected", "deserialize", "arrived"];
        Assert.All(expected, text => Assert.Contains(_log.Lines, line => line.Text.Contains(text, StringComparison.Ordinal)));

        // Bob's own call is on Bob's behalf: it delivered his message to the members here.
        Assert.All(_log.Lines.Where(line => line != new Line("arrived", "Bob", "", null)), line => Assert.Equal(new Line(line.Text, null, "", null), line));
    }

    private async Task<(IChannel Channel, ILease Lease)> AnnAsync(ServiceProvider process, IChannelListener listener)
    {
        using var activity = new Activity("Ann's request").Start();
        using var scope = process.GetRequiredService<ILogger<ForeignContextTests>>().BeginScope("user Ann");
        _user.Value = "Ann";
        var layer = process.GetRequiredService<IChannelLayer>();
        var channel = await layer.NewChannelAsync(listener: listener, cancellationToken: Patience);
        await layer.GroupAddAsync("room", channel.Name, Patience);
        await layer.GroupSendAsync("room", new Note("Ann"), cancellationToken: Patience);
        if (layer is IPostingLayer posting)
        {
            await posting.GroupPostAsync("room", new Note("Ann"), except: null);
        }

        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Patience);
        var receiving = layer.ReceiveAsync("general", cancel.Token).AsTask();
        var lease = process.GetRequiredService<ILeases>().Open("clock");
        await WhenAsync(() => lease.IsHeld);
        await cancel.CancelAsync();
        await receiving.ContinueWith(static _ => { }, TaskScheduler.Default);
        return (channel, lease);
    }

    /// <summary>Sends until the channel gets it: memberships and subscriptions return a moment after the connection.</summary>
    private async Task AssertHeardAsync(IChannelLayer from, IChannel to)
    {
        var mark = new Note($"mark {Guid.NewGuid()}");
        while (true)
        {
            try
            {
                await from.GroupSendAsync("room", mark, cancellationToken: Patience);
            }
            catch (ChannelLayerUnavailableException)
            {
                // Not back yet.
            }

            for (var tries = 0; tries < 20; tries++)
            {
                while (to.TryRead(out var message))
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

    private async Task WhenAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(10, Patience);
        }
    }

    private ServiceProvider NewProcess(ChannelLayerBackend backend, string address, ContextLog log)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        services.AddChannelLayers(configure: options =>
        {
            (options.Backend, options.Serializer, options.Prefix) = (backend, "spy", "context");
            options.Hosts.Add(address);
        }).AddMessage<Note>().AddSerializer("spy", provider => new Spy(provider.GetRequiredKeyedService<IMessageSerializer>("json"), log));
        _processes.Add(services.BuildServiceProvider());
        return _processes[^1];
    }

    private sealed record Line(string Text, string? User, string Scopes, string? Activity);

    private sealed class Listener(ContextLog log) : IChannelListener
    {
        public void OnArrived() => log.Add("arrived");
    }

    private sealed class Spy(IMessageSerializer inner, ContextLog log) : IMessageSerializer
    {
        public void Serialize(Message message, MessageRoute route, IBufferWriter<byte> output) => inner.Serialize(message, route, output);

        public Message Deserialize(ReadOnlyMemory<byte> payload, out MessageRoute route)
        {
            log.Add("deserialize");
            return inner.Deserialize(payload, out route);
        }
    }

    /// <summary>Records each line with the context in which it was written.</summary>
    private sealed class ContextLog : ILoggerProvider, ILogger, ISupportExternalScope
    {
        private readonly ConcurrentQueue<Line> _lines = new();
        private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

        public IReadOnlyCollection<Line> Lines => _lines;

        public void Clear() => _lines.Clear();

        public void Add(string text)
        {
            var scopes = new List<string>();
            _scopes.ForEachScope(static (scope, scopes) => scopes.Add($"{scope}"), scopes);
            _lines.Enqueue(new Line(text, _user.Value, string.Join(", ", scopes), Activity.Current?.OperationName));
        }

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Add(formatter(state, exception));

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public void Dispose()
        {
        }
    }
}
