using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Messages;
using ChannelsNet.Telemetry;

namespace ChannelsNet.Redis;

/// <summary>The bytes of messages as a layer sends and receives them: within the limit of size, and with losses counted.</summary>
internal sealed class MessageCodec(MessageTypes types, IMessageSerializer serializer, int maxSize, Drops drops)
{
    /// <summary>A message that is not written is to be known all the same, so that it can be some day.</summary>
    public void Require(Message message) => types.Require(message);

    /// <summary>Writes a message after <paramref name="head"/> bytes that the caller fills.</summary>
    /// <exception cref="MessageTooLargeException">The message has more bytes than a message may have.</exception>
    public byte[] Write(Message message, MessageRoute route, int head = 0)
    {
        if (message is { TraceParent: { } trace })
        {
            route = route with { TraceParent = trace };
        }

        var output = new ArrayBufferWriter<byte>(256);
        output.Advance(head);
        serializer.Serialize(message, route, output);
        var size = output.WrittenCount - head;
        return size > maxSize ? throw new MessageTooLargeException(message, size, maxSize) : output.WrittenSpan.ToArray();
    }

    public bool TryRead(ReadOnlyMemory<byte> payload, string where, [NotNullWhen(true)] out Message? message, out MessageRoute route)
    {
        try
        {
            message = serializer.Deserialize(payload, out route);
            message.TraceParent = route.TraceParent;
            return true;
        }
        catch (Exception fault)
        {
            // A serializer of one's own may throw anything.
            drops.Add(DropReason.Unreadable, where, why: fault.Message);
            message = null;
            route = default;
            return false;
        }
    }
}
