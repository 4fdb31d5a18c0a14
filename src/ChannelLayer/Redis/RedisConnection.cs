using ChannelsNet.Background;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis;

/// <summary>
/// One connection to one Redis (a server, a Sentinel's primary, a Cluster), made when it is first needed and shared by everything in the
/// process that uses it. StackExchange.Redis reconnects and subscribes again by itself.
/// </summary>
internal sealed class RedisConnection(string address, ILogger logger) : IAsyncDisposable
{
    /// <summary>From one look at the connections to the next; short enough that what is seen by looking alone is known within two seconds.</summary>
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly string _work = $"Observing the connection to Redis at {NameOf(address)}";
    private Task<ConnectionMultiplexer>? _connecting;
    private PeriodicTimer? _looks;
    private bool _disposed;
    private bool _connected;

    /// <summary>As it is configured, with its secrets.</summary>
    public string Address => address;

    /// <summary>The address without its secrets.</summary>
    public string Name { get; } = NameOf(address);

    /// <summary>Whether the connections stand to all of it that is in use.</summary>
    public bool IsConnected => Volatile.Read(ref _connected);

    /// <summary><see cref="IsConnected"/> has changed.</summary>
    public event Action? Changed;

    /// <summary>A connection has been made anew, or the servers are others: what was asked of the old ones may have to be asked again.</summary>
    public event Action<ConnectionMultiplexer>? Renewed;

    public ValueTask<ConnectionMultiplexer> GetAsync()
    {
        var connecting = Volatile.Read(ref _connecting);
        return new(connecting is { IsCompletedSuccessfully: true } ? connecting : Connect());
    }

    /// <summary>What every connection of this process to a Redis has in common.</summary>
    public static ConfigurationOptions Options(string address)
    {
        var options = RedisAddress.Parse(address);
        options.AbortOnConnectFail = false;
        options.ClientName ??= "ChannelsNet";

        // What is said while the connection is away fails at once. Kept back and said later, it would be late or out of order.
        options.BacklogPolicy = BacklogPolicy.FailFast;

        // Looks for a lost server from a quarter of a second on, and then at least once a second.
        options.HeartbeatInterval = TimeSpan.FromMilliseconds(250);
        options.ReconnectRetryPolicy = new ExponentialRetry(250, 1000);
        return options;
    }

    public async ValueTask DisposeAsync()
    {
        Task<ConnectionMultiplexer>? connecting;
        lock (_lock)
        {
            _disposed = true;
            connecting = _connecting;
        }

        if (connecting is not null)
        {
            // Connecting does not fail for a server that is unavailable, only for what the address itself causes, and its users have got that exception.
            await ((Task)connecting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _looks?.Dispose();
            if (connecting.IsCompletedSuccessfully)
            {
                await connecting.Result.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private Task<ConnectionMultiplexer> Connect()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _connecting is null or { IsFaulted: true } ? _connecting = BackgroundWork.Run(ConnectAsync) : _connecting;
        }
    }

    /// <remarks>Whether a real network works is looked at by the real clock.</remarks>
    private async Task<ConnectionMultiplexer> ConnectAsync()
    {
        var redis = await ConnectionMultiplexer.ConnectAsync(Options(address)).ConfigureAwait(false);
        var away = new AwayConnections((server, kind) => Stands(redis, server, kind), TimeProvider.System);
        redis.ConnectionFailed += (_, lost) => Observe(() => Note(redis, away, () => away.Lost(lost.EndPoint?.ToString(), lost.ConnectionType), lost));
        redis.ConnectionRestored += (_, back) => Observe(() =>
        {
            Note(redis, away, () => away.Back(back.EndPoint?.ToString(), back.ConnectionType));
            RaiseRenewed(redis);
        });
        redis.ConfigurationChanged += (_, _) => Observe(() =>
        {
            Note(redis, away, away.Look);
            RaiseRenewed(redis);
        });
        TryUpdate(redis, away, away.Look);
        if (IsConnected)
        {
            RaiseChanged();
        }
        else
        {
            RedisLog.NotReached(logger, Name);
        }

        _looks = new PeriodicTimer(_look);
        _ = BackgroundWork.Run(_work, logger, () => LookAsync(redis, away, _looks));
        return redis;
    }

    /// <summary>The client raises its events in the context of whichever request was writing when a connection broke.</summary>
    private void Observe(Action notice) => BackgroundWork.Queue(_work, logger, notice);

    private void RaiseChanged() => BackgroundWork.Raise(_work, logger, Changed, static handler => handler());

    private void RaiseRenewed(ConnectionMultiplexer redis) => BackgroundWork.Raise(_work, logger, Renewed, handler => handler(redis));

    private async Task LookAsync(ConnectionMultiplexer redis, AwayConnections away, PeriodicTimer looks)
    {
        while (await looks.WaitForNextTickAsync().ConfigureAwait(false))
        {
            BackgroundWork.Call(_work, logger, () => Note(redis, away, away.Look));
        }
    }

    private void Note(ConnectionMultiplexer redis, AwayConnections away, Action change, ConnectionFailedEventArgs? lost = null)
    {
        if (TryUpdate(redis, away, change) is not { } connected)
        {
            return;
        }

        if (connected)
        {
            RedisLog.Restored(logger, Name);
        }
        else if (lost is not null)
        {
            RedisLog.Lost(logger, Name, lost.ConnectionType, lost.FailureType, lost.Exception?.Message);
        }
        else
        {
            RedisLog.NotReached(logger, Name);
        }

        RaiseChanged();
    }

    /// <summary>Whether the connections stand from now on, or null if that is as it was.</summary>
    private bool? TryUpdate(ConnectionMultiplexer redis, AwayConnections away, Action change)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return null;
            }

            change();
            var connected = redis.IsConnected && IsWhole(redis.GetServers(), away);
            if (_connected == connected)
            {
                return null;
            }

            Volatile.Write(ref _connected, connected);
            return connected;
        }
    }

    private static string NameOf(string address) => RedisAddress.Parse(address).EndPoints.FirstOrDefault()?.ToString() ?? address;

    /// <summary>
    /// A server that is away does not matter once another has taken its place: with Sentinel one primary is enough, and in a Cluster a node
    /// without slots is not missed.
    /// </summary>
    private static bool IsWhole(IServer[] servers, AwayConnections losses)
    {
        var away = servers.Where(server => !server.IsConnected || losses.Has(server.EndPoint.ToString())).ToArray();
        if (away.Length == 0)
        {
            return true;
        }

        var there = servers.Except(away).ToArray();
        return servers.Any(server => server.ServerType == ServerType.Cluster)
            ? there.Any(server => server.ClusterConfiguration is { } cluster && away.All(gone => cluster[gone.EndPoint] is null or { Slots.Count: 0 }))
            : there.Any(server => !server.IsReplica);
    }

    /// <summary>Whether a connection stands, as far as the client knows, or goes to a server that it has given up.</summary>
    private static bool Stands(ConnectionMultiplexer redis, string? name, ConnectionType kind)
    {
        if (Array.Find(redis.GetServers(), server => server.EndPoint.ToString() == name) is not { } server)
        {
            return true;
        }

        // The client does not say whether the connection for subscriptions to one of a Cluster's nodes stands. But it has subscriptions only while it
        // does, and one at least: that to the client's own channel.
        return server.IsConnected && (kind != ConnectionType.Subscription || (server.ServerType == ServerType.Cluster
            ? server.GetCounters().Subscription.Subscriptions > 0
            : redis.GetSubscriber().IsConnected()));
    }
}
