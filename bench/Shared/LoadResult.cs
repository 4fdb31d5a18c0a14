namespace ChannelsNet.Bench;

/// <summary>What the load generator measured; it writes one as a line of JSON.</summary>
public sealed record LoadResult
{
    /// <summary>How many a second: deliveries, echoes or connections.</summary>
    public double Rate { get; init; }

    /// <summary>How many that were.</summary>
    public long Count { get; init; }

    /// <summary>How many times a client has left a group and joined another.</summary>
    public long Changes { get; init; }

    /// <summary>MB of the servers' memory in a soak: after the warm-up and at the end when all that is not in use has been given back, and the most between.</summary>
    public IReadOnlyList<double> Megabytes { get; init; } = [];

    /// <summary>Milliseconds from a message's sending to its arrival, or of a handshake: half of them took no longer.</summary>
    public double P50 { get; init; }

    /// <summary>The same for 99 of 100.</summary>
    public double P99 { get; init; }

    /// <summary>Microseconds of processor time that the server took for each.</summary>
    public double ServerMicroseconds { get; init; }

    /// <summary>How much of its core the server got: well below 1 in a burst, something else ran there.</summary>
    public double ServerShare { get; init; }

    /// <summary>How much of its core the load generator was busy: near 1 it was the limit, not the server.</summary>
    public double LoadShare { get; init; }

    /// <summary>KB (1,024 bytes) of the server's memory for each idle connection.</summary>
    public double IdleKilobytes { get; init; }

    /// <summary>What went wrong: loss, duplicates, disorder, a standstill. Null: nothing.</summary>
    public string? Fault { get; init; }
}
