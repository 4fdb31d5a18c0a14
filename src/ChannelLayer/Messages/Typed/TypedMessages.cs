using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ChannelsNet.Messages.Values;

namespace ChannelsNet.Messages.Typed;

/// <summary>Messages that have a class: the class's members as JSON, and back, by System.Text.Json's description of the class.</summary>
internal sealed class TypedMessages
{
    private readonly JsonSerializerOptions _options;

    private TypedMessages(JsonSerializerOptions options) => _options = options;

    /// <summary>For JSON that we write ourselves, with due care.</summary>
    public static JsonWriterOptions WriterOptions => new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
        MaxDepth = IValueWriter.MaxDepth + 1,
    };

    /// <summary>For JSON that travels.</summary>
    public static TypedMessages ForJson(MessageTypes types) => new(MessageJson.Options(types, Converters(boxesNotFinite: false)));

    /// <summary>For JSON that is turned into msgpack.</summary>
    public static TypedMessages ForMessagePack(MessageTypes types) =>
        new(MessageJson.Options(types, [.. Converters(boxesNotFinite: true), new DecimalConverter()]));

    public static InvalidOperationException CannotEncode(Message message, ValueException fault)
    {
        var (name, place) = message switch
        {
            UntypedMessage untyped when fault.Path.Length == 0 => (untyped.Type, nameof(UntypedMessage.Type)),
            UntypedMessage untyped => (untyped.Type, $"{nameof(UntypedMessage.Values)}{fault.Path}"),
            _ => (message.GetType().ToString(), fault.Path),
        };
        return new($"The message \"{name}\" can't be sent: at {place} {fault.Message}.", fault);
    }

    /// <exception cref="InvalidOperationException">A member can't be encoded.</exception>
    public void Write(MessageType type, Message message, IBufferWriter<byte> output)
    {
        try
        {
            using var json = new Utf8JsonWriter(output, WriterOptions);
            JsonSerializer.Serialize(json, message, _options.GetTypeInfo(type.Type));
        }
        catch (JsonException fault)
        {
            throw new InvalidOperationException($"The message \"{type.Type}\" can't be sent: at {Told(fault)}", fault);
        }
        catch (NotSupportedException fault)
        {
            throw new InvalidOperationException($"The message \"{type.Type}\" can't be sent: {fault.Message}", fault);
        }
    }

    /// <exception cref="FormatException">The class can't be made of it.</exception>
    public Message Read(MessageType type, ReadOnlySpan<byte> json)
    {
        try
        {
            return (Message)JsonSerializer.Deserialize(json, _options.GetTypeInfo(type.Type))!;
        }
        catch (JsonException fault)
        {
            throw new FormatException(
                $"A message of type \"{type.Name}\" came that does not fit {type.Type} at {Told(fault)}", fault);
        }
        catch (Exception fault)
        {
            // The class's own constructor may throw anything: that is its word on what came.
            throw new FormatException(
                $"A message of type \"{type.Name}\" came of which no {type.Type} can be made: {fault.Message}", fault);
        }
    }

    private static JsonConverter[] Converters(bool boxesNotFinite) =>
    [
        new TextConverter(),
        new BytesConverter(),
        new ReadOnlyMemoryConverter(),
        new FloatConverter<double>(boxesNotFinite),
        new FloatConverter<float>(boxesNotFinite),
        new FloatConverter<Half>(boxesNotFinite),
    ];

    /// <summary>The place first; where it stands in the text too, the text ends with line numbers that tell nothing.</summary>
    private static string Told(JsonException fault) => $"{fault.Path ?? "$"}: {fault.Message.Split(" Path: ")[0]}";
}
