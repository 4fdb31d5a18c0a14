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
/// <param name="Except">A channel that is not to get this group message; null for none. On the wire: the key "__except__".</param>
public readonly record struct MessageRoute(string? Except = null);
