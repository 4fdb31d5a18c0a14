using System.Buffers;
using System.Text;
using System.Text.Json;

namespace ChannelsNet.Messages;

/// <summary>Messages as UTF-8 JSON, as channels_redis writes them with <c>serializer_format="json"</c>.</summary>
internal sealed class JsonMessageSerializer(MessageTypes types) : IMessageSerializer
{
    private readonly JsonSerializerOptions _options = MessageJson.Options(types);

    public void Serialize(Message message, MessageRoute route, IBufferWriter<byte> output)
    {
        var type = types.Require(message);
        try
        {
            var map = JsonSerializer.SerializeToUtf8Bytes(message, _options.GetTypeInfo(type.Type));
            if (route.Except is { } except)
            {
                // Names are plain ASCII, so nothing needs escaping.
                output.Write(map.AsSpan(..^1));
                output.Write(Encoding.ASCII.GetBytes($",\"{MessageJson.ExceptKey}\":\"{except}\"}}"));
                return;
            }

            output.Write(map);
        }
        catch (NotSupportedException fault)
        {
            throw new InvalidOperationException($"Message {type.Type} can't be encoded: {fault.Message}", fault);
        }
    }

    public Message Deserialize(ReadOnlyMemory<byte> payload, out MessageRoute route)
    {
        try
        {
            var name = ReadKeys(payload.Span, out route);
            var type = types.Find(name)
                ?? throw new FormatException($"A message of type \"{name}\" came, which this process does not know. Add its class with .AddMessage<…>().");
            return (Message)JsonSerializer.Deserialize(payload.Span, _options.GetTypeInfo(type.Type))!;
        }
        catch (JsonException fault)
        {
            throw new FormatException($"What came is no message: {fault.Message}", fault);
        }
    }

    /// <summary>The value of the key "type" and the route, which may stand anywhere in the map.</summary>
    private static string ReadKeys(ReadOnlySpan<byte> payload, out MessageRoute route)
    {
        string? type = null;
        route = default;
        var reader = new Utf8JsonReader(payload);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("What came is no message: expected a map.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals(MessageJson.TypeKey);
            var isExcept = reader.ValueTextEquals(MessageJson.ExceptKey);
            reader.Read();
            if (isType && reader.TokenType == JsonTokenType.String)
            {
                type = reader.GetString();
            }
            else if (isExcept && reader.TokenType == JsonTokenType.String)
            {
                route = new MessageRoute { Except = reader.GetString() };
            }

            reader.Skip();
        }

        return type ?? throw new FormatException("What came is no message: it has no key \"type\" with a string.");
    }
}
