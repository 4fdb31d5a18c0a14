using System.Diagnostics.Metrics;

namespace ChannelsNet.Accepting;

/// <summary>What a file descriptor may be used for.</summary>
internal enum DescriptorUse
{
    /// <summary>Any connection.</summary>
    Any,

    /// <summary>A connection for a short HTTP request.</summary>
    ShortRequest,

    /// <summary>No connection of a client.</summary>
    Program,
}

/// <summary>
/// What the numbers of the process's file descriptors may be used for: from 0 on for any connection, then for short requests, then for the
/// program.
/// </summary>
/// <param name="limit">The limit of the process.</param>
/// <param name="reserved">How many are reserved for the program; null for the default.</param>
internal readonly struct DescriptorParts(int limit, int? reserved)
{
    /// <summary>Gets the limit of the process; every number is below it.</summary>
    public int Limit { get; } = limit;

    /// <summary>
    /// Gets how many are for the program only. The default has room for the program's own connections (a database pool has 100 by default),
    /// for assemblies that are loaded late (two each) and for new threads (two each while they start).
    /// </summary>
    public int Reserved { get; } = reserved ?? Math.Clamp(limit / 8, 64, 1024);

    /// <summary>Gets the number from which on a connection is closed.</summary>
    public int Connections => Limit - Reserved;

    /// <summary>
    /// Gets the number from which on a connection is for short requests only, such as health checks and responses with 503.
    /// </summary>
    public int WebSockets => Connections - (Reserved / 4);

    /// <summary>Gets what the descriptor with this number may be used for.</summary>
    public DescriptorUse UseOf(nint number) =>
        number < WebSockets ? DescriptorUse.Any : number < Connections ? DescriptorUse.ShortRequest : DescriptorUse.Program;

    /// <summary>Gets the numbers as measurements, with the tag "use".</summary>
    public IEnumerable<Measurement<int>> Measure() =>
    [
        new(Limit, new KeyValuePair<string, object?>("use", "process")),
        new(Connections, new KeyValuePair<string, object?>("use", "connection")),
        new(WebSockets, new KeyValuePair<string, object?>("use", "websocket")),
    ];
}
