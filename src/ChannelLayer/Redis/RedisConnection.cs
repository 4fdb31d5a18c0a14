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
    private readonly HashSet<(string? Server, ConnectionType Connection)> _away = [];
    private Task<ConnectionMultiplexer>? _connecting;
    private bool _disposed;
    private bool _connected;

    /// <summary>As it is configured, with its secrets.</summary>
    public string Address => address;

    /// <summary>The address without its secrets.</summary>
    public string Name { get; } = RedisAddress.Parse(address).EndPoints.FirstOrDefault()?.ToString() ?? address;

    /// <summary>Whether every connection to it stands.</summary>
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
            if (Note(lost, away: true))
            {
                RedisLog.Lost(logger, Name, lost.ConnectionType, lost.FailureType, lost.Exception?.Message);
            }
        };
        redis.ConnectionRestored += (_, back) =>
        {
            if (Note(back, away: false))
            {
                RedisLog.Restored(logger, Name);
            }
        };
        if (redis.IsConnected)
        {
            Note(null, away: false);
        }
        else
        {
            RedisLog.NotReached(logger, Name);
        }

        return redis;
    }

    /// <summary>True if that changed whether all connections stand.</summary>
    private bool Note(ConnectionFailedEventArgs? change, bool away)
    {
        lock (_lock)
        {
            var key = (change?.EndPoint?.ToString(), change?.ConnectionType ?? ConnectionType.None);
            _ = away ? _away.Add(key) : _away.Remove(key);
            if (_connected == (_away.Count == 0))
            {
                return false;
            }

            Volatile.Write(ref _connected, _away.Count == 0);
        }

        Changed?.Invoke();
        return true;
    }
}
