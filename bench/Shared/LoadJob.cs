namespace ChannelsNet.Bench;

/// <summary>What the load generator is to do; it gets one as JSON, as its only argument.</summary>
public sealed record LoadJob
{
    /// <summary>"broadcast", "echo", "connects", "idle" or "soak".</summary>
    public required string Work { get; init; }

    /// <summary>"websocket", "signalr-json" or "signalr-messagepack".</summary>
    public required string Protocol { get; init; }

    /// <summary>Where the servers listen on 127.0.0.1; clients are spread over them evenly, the publisher is at the first.</summary>
    public required int[] Ports { get; init; }

    /// <summary>The processes whose time and memory count as the server's.</summary>
    public required int[] Processes { get; init; }

    /// <summary>How many subscribers, echoing clients, idle connections, or handshakes under way.</summary>
    public required int Clients { get; init; }

    /// <summary>The length of each text in bytes, at least 11.</summary>
    public int Size { get; init; } = 64;

    /// <summary>How many published messages may be on their way at a time.</summary>
    public int InFlight { get; init; } = 1;

    /// <summary>How many messages are published a second, whatever becomes of them; 0: as many as <see cref="InFlight"/> lets.</summary>
    public double PerSecond { get; init; }

    /// <summary>How many more subscribers there are that never read.</summary>
    public int Stalled { get; init; }

    /// <summary>How many groups there are in a soak.</summary>
    public int Groups { get; init; }

    /// <summary>In how many of them each client is.</summary>
    public int GroupsEach { get; init; }

    /// <summary>How many times a second a client leaves a group and joins another.</summary>
    public double ChangesPerSecond { get; init; }

    /// <summary>How long is measured.</summary>
    public double Seconds { get; init; } = 4;

    /// <summary>How long the same goes on before.</summary>
    public double WarmUp { get; init; } = 1;
}
