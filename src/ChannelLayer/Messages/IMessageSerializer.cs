using System.Buffers;

namespace ChannelsNet.Messages;

/// <summary>Turns messages into the bytes that travel between processes, and back. Thread-safe.</summary>
public interface IMessageSerializer
{
    /// <summary>Writes one message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="route">What travels with it, for the layer at the other end.</param>
    /// <param name="output">Takes the bytes.</param>
    /// <exception cref="InvalidOperationException">A member can't be encoded; the text names it.</exception>
    void Serialize(Message message, MessageRoute route, IBufferWriter<byte> output);

    /// <summary>Reads one message, which takes all of <paramref name="payload"/>.</summary>
    /// <exception cref="FormatException">The bytes are no message.</exception>
    Message Deserialize(ReadOnlyMemory<byte> payload, out MessageRoute route);
}

/// <summary>What a layer tells the layer at the other end about a message; none of it is seen by those who handle the message.</summary>
public readonly record struct MessageRoute
{
    /// <summary>The channel that it is for; null for none or several. On the wire the key "__asgi_channel__" with a string.</summary>
    public string? Channel { get; init; }

    /// <summary>
    /// The channels of one process that this group message is for; null if that is told in another way. On the wire the key
    /// "__asgi_channel__" with an array of strings.
    /// </summary>
    public IReadOnlyList<string>? Channels { get; init; }

    /// <summary>A channel that is not to get this group message; null for none. On the wire the key "__except__" with a string.</summary>
    public string? Except { get; init; }

    /// <summary>
    /// A process that has delivered this group message to its own members already; null for none. On the wire the key
    /// "__except_process__" with a string.
    /// </summary>
    public string? ExceptProcess { get; init; }

    /// <summary>
    /// The trace that it was sent in (W3C Trace Context); null if nobody traces. On the wire the key "__traceparent__" with a string.
    /// </summary>
    public string? TraceParent { get; init; }
}
