using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis;

/// <summary>
/// One connection to one Redis server, made when it is first needed and shared by everything in the process that uses the
/// server. StackExchange.Redis reconnects and subscribes again by itself.
/// </summary>
internal sealed class RedisConnection(string address, ILogger logger) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private Task<ConnectionMultiplexer>? _connecting;
    private bool _disposed;

    public ValueTask<ConnectionMultiplexer> GetAsync()
    {
        var connecting = Volatile.Read(ref _connecting);
        return new(connecting is { IsCompletedSuccessfully: true } ? connecting : Connect());
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
        var options = RedisAddress.Parse(address);
        options.AbortOnConnectFail = false;

        // What is said while the connection is away fails at once. Kept back and said later, it would be late or out of order.
        options.BacklogPolicy = BacklogPolicy.FailFast;

        // Looks for a lost server from a quarter of a second on, and then at least once a second.
        options.HeartbeatInterval = TimeSpan.FromMilliseconds(250);
        options.ReconnectRetryPolicy = new ExponentialRetry(250, 1000);
        options.ClientName ??= "ChannelsNet";
        var redis = await ConnectionMultiplexer.ConnectAsync(options).ConfigureAwait(false);
        redis.ConnectionFailed += (_, lost) =>
            RedisLog.Lost(logger, lost.EndPoint?.ToString(), lost.ConnectionType, lost.FailureType, lost.Exception?.Message);
        redis.ConnectionRestored += (_, back) => RedisLog.Restored(logger, back.EndPoint?.ToString(), back.ConnectionType);
        if (!redis.IsConnected)
        {
            RedisLog.NotReached(logger, options.EndPoints.FirstOrDefault()?.ToString());
        }

        return redis;
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
            // ConnectAsync does not fail for a server that is away, so this throws only what the address itself causes.
            var redis = await connecting.ConfigureAwait(false);
            await redis.DisposeAsync().ConfigureAwait(false);
        }
    }
}
