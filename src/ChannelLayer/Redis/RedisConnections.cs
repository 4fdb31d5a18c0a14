using System.Collections.Concurrent;
using ChannelsNet.Background;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Redis;

/// <summary>The connections of a process, one for each Redis address, whatever number of layers and leases use it.</summary>
internal sealed class RedisConnections(ILogger<RedisConnection> logger) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, RedisConnection> _connections = new();
    private readonly ILogger _logger = SafeLogger.Of(logger);

    public RedisConnection To(string address) =>
        _connections.GetOrAdd(address, static (address, logger) => new RedisConnection(address, logger), _logger);

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections.Values)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }
}
