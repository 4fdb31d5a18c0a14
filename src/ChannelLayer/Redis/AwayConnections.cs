using StackExchange.Redis;

namespace ChannelsNet.Redis;

/// <summary>
/// Which connections to a Redis are lost. The client tells of them through the thread pool, so a loss can be heard of after the return that ended it,
/// a return after the next loss, and either not at all. What is heard is therefore only a reason to look.
/// </summary>
/// <param name="stands">Looks whether a connection stands.</param>
/// <param name="time">The clock.</param>
/// <remarks>Its user lets one thread at a time into it.</remarks>
internal sealed class AwayConnections(Func<string?, ConnectionType, bool> stands, TimeProvider time)
{
    /// <summary>How long a loss counts at least, unless its end is heard of: right after it the client may still say that the connection stands.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    private readonly Dictionary<(string? Server, ConnectionType Kind), long> _since = [];

    /// <summary>Whether a connection to the server is away.</summary>
    public bool Has(string? server) => _since.Keys.Any(connection => connection.Server == server);

    /// <summary>Somebody has said that a connection is lost.</summary>
    public void Lost(string? server, ConnectionType kind) => _since[(server, kind)] = time.GetTimestamp();

    /// <summary>Somebody has said that a connection is back, which it may have been for a moment only.</summary>
    public void Back(string? server, ConnectionType kind)
    {
        if (stands(server, kind))
        {
            _since.Remove((server, kind));
        }
    }

    /// <summary>Forgets the losses that have ended without a word.</summary>
    public void Look()
    {
        foreach (var ((server, kind), since) in _since)
        {
            if (time.GetElapsedTime(since) >= Shortest && stands(server, kind))
            {
                _since.Remove((server, kind));
            }
        }
    }
}
