using System.Buffers;

namespace ChannelsNet.Bench.Load;

/// <summary>How far a connection is.</summary>
internal enum Stage
{
    /// <summary>Waits for the 101 of the WebSocket.</summary>
    Upgrading,

    /// <summary>Waits for the protocol's own handshake.</summary>
    Greeting,

    Open,
    Ended,
}

/// <summary>What is kept of one connection.</summary>
internal sealed class Connection(int number, int socket, long started)
{
    /// <summary>Its place among those that were opened.</summary>
    public int Number { get; } = number;

    public int Socket { get; } = socket;

    /// <summary>When it was opened, on <see cref="System.Diagnostics.Stopwatch"/>'s clock.</summary>
    public long Started { get; } = started;

    public Stage Stage { get; set; }

    /// <summary>The beginning of a frame whose end has not come; rarely there.</summary>
    public ArrayBufferWriter<byte>? Frame { get; set; }

    /// <summary>The beginning of a message whose end has not come, in frames that have; rarely there.</summary>
    public ArrayBufferWriter<byte>? Message { get; set; }

    /// <summary>What the kernel has not taken yet.</summary>
    public ArrayBufferWriter<byte>? Outgoing { get; set; }
}
