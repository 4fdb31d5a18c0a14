using System.Net;
using StackExchange.Redis;

namespace ChannelsNet.Redis;

/// <summary>
/// Which connections to the servers are away, as far as is known. StackExchange.Redis tells of a loss and of a return on threads of the pool, so a loss can
/// be heard of after the return that followed it; what has been away for a while is therefore looked at too. Not thread-safe.
/// </summary>
internal sealed class AwayConnections(TimeProvider time)
{
    /// <summary>In the moment of a loss the connection may still look as if it stood.</summary>
    public static readonly TimeSpan Doubt = TimeSpan.FromSeconds(1);

    private readonly Dictionary<(string? Server, ConnectionType Type), long> _lostAt = [];

    public bool Any => _lostAt.Count > 0;

    /// <summary>A loss was told.</summary>
    public void Lost(EndPoint? server, ConnectionType type) => _lostAt[(server?.ToString(), type)] = time.GetTimestamp();

    /// <summary>A return was told.</summary>
    public void Returned(EndPoint? server, ConnectionType type) => _lostAt.Remove((server?.ToString(), type));

    /// <summary>Takes those for returned that have been lost for a while and stand.</summary>
    public void Look(Func<string?, ConnectionType, bool> stands)
    {
        foreach (var ((server, type), lostAt) in _lostAt)
        {
            if (time.GetElapsedTime(lostAt) >= Doubt && stands(server, type))
            {
                _lostAt.Remove((server, type));
            }
        }
    }

    /// <summary>Whether a connection to this server is away.</summary>
    public bool Concerns(EndPoint server) => _lostAt.Keys.Any(away => away.Server == server.ToString());
}
