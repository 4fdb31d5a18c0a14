using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis;

/// <summary>
/// One connection to one Redis (a server, a Sentinel's primary, a Cluster), made when it is first needed and shared by everything in the
/// process that uses it. StackExchange.Redis reconnects and subscribes again by itself.
/// </summary>
internal sealed class RedisConnection(string address, ILogger logger) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly AwayConnections _away = new(TimeProvider.System);
    private Task<ConnectionMultiplexer>? _connecting;
    private bool _disposed;
    private bool _connected;
    private bool _isWatching;

    /// <summary>As it is configured, with its secrets.</summary>
    public string Address => address;

    /// <summary>The address without its secrets.</summary>
    public string Name { get; } = RedisAddress.Parse(address).EndPoints.FirstOrDefault()?.ToString() ?? address;

    /// <summary>Whether the connections stand to all of it that is in use.</summary>
    public bool IsConnected => Volatile.Read(ref _connected);

    /// <summary><see cref="IsConnected"/> has changed.</summary>
    public event Action? Changed;

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
            // Connecting does not fail for a server that is away, so this throws only what the address itself causes.
            var redis = await connecting.ConfigureAwait(false);
            await redis.DisposeAsync().ConfigureAwait(false);
        }
    }

    private Task<ConnectionMultiplexer> Connect()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _connecting is null or { IsFaulted: true } ? _connecting = ConnectAsync() : _connecting;
        }
    }

    private async Task<ConnectionMultiplexer> ConnectAsync()
    {
        var redis = await ConnectionMultiplexer.ConnectAsync(Options(address)).ConfigureAwait(false);
        redis.ConnectionFailed += (_, lost) =>
        {
            if (Note(redis, () => _away.Lost(lost.EndPoint, lost.ConnectionType)))
            {
                RedisLog.Lost(logger, Name, lost.ConnectionType, lost.FailureType, lost.Exception?.Message);
            }

            Watch(redis);
        };
        redis.ConnectionRestored += (_, back) =>
        {
            if (Note(redis, () => _away.Returned(back.EndPoint, back.ConnectionType)))
            {
                RedisLog.Restored(logger, Name);
            }
        };
        redis.ConfigurationChanged += (_, _) =>
        {
            // Looking for a Sentinel that is away changes the configuration too.
            if (redis.IsConnected && Note(redis, () => { }))
            {
                RedisLog.Restored(logger, Name);
            }
        };
        if (redis.IsConnected)
        {
            Note(redis, () => { });
        }
        else
        {
            RedisLog.NotReached(logger, Name);
        }

        return redis;
    }

    /// <summary>While connections are away, looks whether they still are: what StackExchange.Redis tells may come in another order than it happened.</summary>
    private void Watch(ConnectionMultiplexer redis)
    {
        lock (_lock)
        {
            if (_isWatching)
            {
                return;
            }

            _isWatching = true;
        }

        _ = WatchAsync(redis);
    }

    private async Task WatchAsync(ConnectionMultiplexer redis)
    {
        while (true)
        {
            await Task.Delay(AwayConnections.Doubt).ConfigureAwait(false);
            if (Note(redis, () => _away.Look((server, type) => Stands(redis, server, type))))
            {
                RedisLog.Restored(logger, Name);
            }

            lock (_lock)
            {
                if (_disposed || !_away.Any)
                {
                    _isWatching = false;
                    return;
                }
            }
        }
    }

    private static bool Stands(ConnectionMultiplexer redis, string? server, ConnectionType type) =>
        Array.Find(redis.GetServers(), candidate => candidate.EndPoint.ToString() == server) is { IsConnected: true }
        && (type != ConnectionType.Subscription || redis.GetSubscriber().IsConnected());

    /// <summary>True if that changed whether the connections stand.</summary>
    private bool Note(ConnectionMultiplexer redis, Action change)
    {
        lock (_lock)
        {
            change();
            var connected = Stand(redis.GetServers());
            if (_connected == connected)
            {
                return false;
            }

            Volatile.Write(ref _connected, connected);
        }

        Changed?.Invoke();
        return true;
    }

    /// <summary>
    /// A server that is away does not matter once another has taken its place: with Sentinel one primary is enough, and in a Cluster a node
    /// without slots is not missed.
    /// </summary>
    private bool Stand(IServer[] servers)
    {
        var away = servers.Where(server => _away.Concerns(server.EndPoint)).ToArray();
        if (away.Length == 0)
        {
            return true;
        }

        var there = servers.Except(away).ToArray();
        return servers.Any(server => server.ServerType == ServerType.Cluster)
            ? there.Any(server => server.ClusterConfiguration is { } cluster && away.All(gone => cluster[gone.EndPoint] is null or { Slots.Count: 0 }))
            : there.Any(server => !server.IsReplica);
    }
}
