using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using ChannelsNet.Messages.Typed;
using ChannelsNet.Messages.Values;

namespace ChannelsNet.Messages;

/// <summary>
/// Messages as UTF-8 JSON, as channels_redis writes them with <c>serializer_format="json"</c>: one flat object. Bytes are
/// <c>{"$bytes":"base64"}</c>, which Python gets as a dict. NaN and the infinities, which Python writes as bare words, are no JSON:
/// they are neither sent nor read.
/// </summary>
internal sealed class JsonMessageSerializer(MessageTypes types) : IMessageSerializer
{
    private readonly TypedMessages _typed = TypedMessages.ForJson(types);

    public void Serialize(Message message, MessageRoute route, IBufferWriter<byte> output)
    {
        var type = types.Require(message);
        using var map = new PooledBuffer();
        try
        {
            if (message is UntypedMessage untyped)
            {
                Write(map, members =>
                {
                    MessageHead.WriteType(untyped.Type, members);
                    ObjectValues.CopyMembers(untyped.Values, members);
                });
            }
            else
            {
                _typed.Write(type, message, map);
            }

            if (route != default)
            {
                AddRoute(map, route);
            }
        }
        catch (ValueException fault)
        {
            throw TypedMessages.CannotEncode(message, fault);
        }

        output.Write(map.Written);
    }

    public Message Deserialize(ReadOnlyMemory<byte> payload, out MessageRoute route)
    {
        try
        {
            var head = ReadHead(payload.Span);
            var message = types.Find(head.Type) is { } type
                ? ReadTyped(type, payload.Span, hasRoute: head.Route != default)
                : new UntypedMessage(head.Type, ReadValues(payload.Span));
            route = head.Route;
            return message;
        }
        catch (ValueException fault)
        {
            throw new FormatException($"What came is no message: at {fault.Path} {fault.Message}.", fault);
        }
        catch (InvalidOperationException fault)
        {
            // So says Utf8JsonReader of escapes that are no characters.
            throw new FormatException($"What came is no message: {fault.Message}", fault);
        }
    }

    private static void Write(PooledBuffer output, Action<IValueWriter> writeMembers)
    {
        using var json = new Utf8JsonWriter(output, TypedMessages.WriterOptions);
        var writer = new JsonValueWriter(json, boxesNotFinite: false);
        writer.StartMap();
        writeMembers(writer);
        writer.EndMap();
    }

    /// <summary>A message is never empty, so that the route can follow it after a comma.</summary>
    private static void AddRoute(PooledBuffer map, MessageRoute route)
    {
        using var end = new PooledBuffer();
        Write(end, members => MessageHead.WriteRoute(route, members));
        map.Written[^1] = (byte)',';
        map.Write(end.Written[1..]);
    }

    /// <summary>Reads all, so that what follows finds whole JSON.</summary>
    private static MessageHead ReadHead(ReadOnlySpan<byte> payload)
    {
        if (!Utf8.IsValid(payload))
        {
            throw new FormatException("What came is no message: it is not UTF-8.");
        }

        var json = new Utf8JsonReader(payload, JsonValues.ReaderOptions);
        try
        {
            var head = new MessageHead();
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                throw new FormatException($"What came is no message: it is JSON that begins with {json.TokenType}; expected an object.");
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var key = json.GetString()!;
                json.Read();
                if (MessageHead.Has(key))
                {
                    var value = new ObjectBuilder();
                    JsonValues.Copy(ref json, value);
                    head.Take(key, value.Last);
                }

                json.Skip();
            }

            json.Read();
            return head;
        }
        catch (JsonException fault)
        {
            throw new FormatException(
                IsNotFinite(payload[(int)json.BytesConsumed..])
                    ? "What came is no message: it holds NaN or an infinity, which is no JSON although Python writes it; "
                        + "expected null or finite numbers. The serializer msgpack carries them."
                    : $"What came is no message: {fault.Message}",
                fault);
        }
    }

    private static bool IsNotFinite(ReadOnlySpan<byte> rest)
    {
        var value = rest.TrimStart(" \t\r\n:,[-"u8);
        return value.StartsWith("NaN"u8) || value.StartsWith("Infinity"u8);
    }

    private static IReadOnlyDictionary<string, object?> ReadValues(ReadOnlySpan<byte> payload)
    {
        var values = new ObjectBuilder();
        var json = new Utf8JsonReader(payload, JsonValues.ReaderOptions);
        values.StartMap();
        for (json.Read(); json.Read() && json.TokenType == JsonTokenType.PropertyName;)
        {
            if (MessageHead.Has(json.GetString()!))
            {
                json.Skip();
            }
            else
            {
                JsonValues.CopyMember(ref json, values);
            }
        }

        values.EndMap();
        return (IReadOnlyDictionary<string, object?>)values.Last!;
    }

    private Message ReadTyped(MessageType type, ReadOnlySpan<byte> payload, bool hasRoute)
    {
        if (!hasRoute)
        {
            return _typed.Read(type, payload);
        }

        // A class that keeps unknown members ([JsonExtensionData]) would keep the route, and send it on with its next message.
        using var members = new PooledBuffer();
        using (var json = new Utf8JsonWriter(members, TypedMessages.WriterOptions))
        {
            CopyMembers(payload, json);
        }

        return _typed.Read(type, members.Written);
    }

    private static void CopyMembers(ReadOnlySpan<byte> payload, Utf8JsonWriter output)
    {
        var json = new Utf8JsonReader(payload, JsonValues.ReaderOptions);
        output.WriteStartObject();
        for (json.Read(); json.Read() && json.TokenType == JsonTokenType.PropertyName;)
        {
            var key = json.GetString()!;
            json.Read();
            var start = (int)json.TokenStartIndex;
            json.Skip();
            if (!MessageHead.Has(key))
            {
                output.WritePropertyName(key);
                output.WriteRawValue(payload[start..(int)json.BytesConsumed], skipInputValidation: true);
            }
        }

        output.WriteEndObject();
    }
}
