using System.Buffers;
using System.Text;
using System.Text.Json;
using ChannelsNet.Messages.Typed;
using ChannelsNet.Messages.Values;

namespace ChannelsNet.Messages;

/// <summary>Messages as msgpack, as channels_redis writes them if nothing else is said: one flat map.</summary>
internal sealed class MessagePackMessageSerializer(MessageTypes types) : IMessageSerializer
{
    private readonly TypedMessages _typed = TypedMessages.ForMessagePack(types);

    public void Serialize(Message message, MessageRoute route, IBufferWriter<byte> output)
    {
        var type = types.Require(message);
        using var map = new PooledBuffer();
        var writer = new MessagePackWriter(map);
        try
        {
            writer.StartMap();
            if (message is UntypedMessage untyped)
            {
                MessageHead.WriteType(untyped.Type, writer);
                ObjectValues.CopyMembers(untyped.Values, writer);
            }
            else
            {
                CopyMembers(type, message, writer);
            }

            MessageHead.WriteRoute(route, writer);
            writer.EndMap();
        }
        catch (ValueException fault)
        {
            throw TypedMessages.CannotEncode(message, fault);
        }

        output.Write(map.Written);
    }

    public Message Deserialize(ReadOnlyMemory<byte> payload, out MessageRoute route)
    {
        var head = ReadHead(payload.Span);
        var message = types.Find(head.Type) is { } type ? ReadTyped(type, payload.Span) : ReadUntyped(head.Type, payload.Span);
        route = head.Route;
        return message;
    }

    private static MessageHead ReadHead(ReadOnlySpan<byte> payload)
    {
        var head = new MessageHead();
        var reader = new MessagePackReader(payload);
        for (var members = reader.ReadMessage(); members > 0; members--)
        {
            var key = reader.ReadKey();
            if (MessageHead.Has(key))
            {
                var value = new ObjectBuilder();
                reader.Copy(value);
                head.Take(Encoding.UTF8.GetString(key), value.Last);
            }
            else
            {
                reader.Skip();
            }
        }

        reader.RequireEnd();
        return head;
    }

    private static UntypedMessage ReadUntyped(string type, ReadOnlySpan<byte> payload)
    {
        var values = new ObjectBuilder();
        CopyMembers(payload, values);
        return new UntypedMessage(type, (IReadOnlyDictionary<string, object?>)values.Last!);
    }

    private Message ReadTyped(MessageType type, ReadOnlySpan<byte> payload)
    {
        using var buffer = new PooledBuffer();
        using (var json = new Utf8JsonWriter(buffer, TypedMessages.WriterOptions))
        {
            CopyMembers(payload, new JsonValueWriter(json, boxesNotFinite: true));
        }

        return _typed.Read(type, buffer.Written);
    }

    /// <summary>Copies the map without what is in the head.</summary>
    private static void CopyMembers(ReadOnlySpan<byte> payload, IValueWriter writer)
    {
        var reader = new MessagePackReader(payload);
        writer.StartMap();
        for (var members = reader.ReadMessage(); members > 0; members--)
        {
            var key = reader.ReadKey();
            if (MessageHead.Has(key))
            {
                reader.Skip();
            }
            else
            {
                writer.Key(key);
                reader.Copy(writer);
            }
        }

        writer.EndMap();
    }

    private void CopyMembers(MessageType type, Message message, MessagePackWriter writer)
    {
        using var buffer = new PooledBuffer();
        _typed.Write(type, message, buffer);

        // The writer says what is too deep, and where.
        var json = new Utf8JsonReader(buffer.Written, new JsonReaderOptions { MaxDepth = int.MaxValue });
        json.Read();
        while (json.Read() && json.TokenType != JsonTokenType.EndObject)
        {
            JsonValues.CopyMember(ref json, writer);
        }
    }
}
