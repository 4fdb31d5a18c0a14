using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ChannelsNet.Messages;

/// <summary>What the tests of the serializers send.</summary>
internal static class Samples
{
    public static MessageTypes Types { get; } = new(
    [
        MessageType.Create<Chat>(SampleJson.Default),
        MessageType.Create<Order>(SampleJson.Default),
        MessageType.Create<Kinds>(new DefaultJsonTypeInfoResolver()),
        MessageType.Create<Picky>(new DefaultJsonTypeInfoResolver()),
        MessageType.Create<Keeping>(new DefaultJsonTypeInfoResolver()),
    ]);

    public static UntypedMessage Untyped(params (string Key, object? Value)[] values) =>
        new("test.untyped", values.ToDictionary(value => value.Key, value => value.Value));

    public static byte[] Write(this IMessageSerializer serializer, Message message, MessageRoute route = default)
    {
        var output = new ArrayBufferWriter<byte>();
        serializer.Serialize(message, route, output);
        return output.WrittenSpan.ToArray();
    }

    public static Message Read(this IMessageSerializer serializer, byte[] payload) => serializer.Deserialize(payload, out _);

    /// <summary>The type and the other values of an untyped message, so that two can be compared and a difference read.</summary>
    public static string Show(Message message) => message is UntypedMessage untyped
        ? $"{untyped.Type} {Show(untyped.Values)}"
        : throw new ArgumentException($"{message} came; expected an {nameof(UntypedMessage)}.");

    public static string Show(object? value) => value switch
    {
        null => "null",
        string text => JsonEncodedText.Encode(text).ToString(),
        byte[] bytes => $"bytes {Convert.ToHexString(bytes)}",
        IReadOnlyDictionary<string, object?> map =>
            $"{{{string.Join(", ", map.Select(entry => $"{Show(entry.Key)}: {Show(entry.Value)}"))}}}",
        IReadOnlyList<object?> list => $"[{string.Join(", ", list.Select(Show))}]",
        _ => string.Create(CultureInfo.InvariantCulture, $"{value.GetType().Name} {value}"),
    };
}

[MessageType("chat.message")]
internal sealed record Chat(string Text) : Message;

[MessageType("shop.order")]
internal sealed record Order(int OrderId, DateTimeOffset? PlacedAt, IReadOnlyList<Line>? Lines) : Message;

internal sealed record Line(string Name, double Price);

[MessageType("test.kinds")]
internal sealed record Kinds : Message
{
    public bool Flag { get; init; }

    public long Long { get; init; }

    public ulong Large { get; init; }

    public double Double { get; init; }

    public float Float { get; init; }

    public double? Maybe { get; init; }

    public decimal Money { get; init; }

    public string? Text { get; init; }

    public byte[]? Bytes { get; init; }

    public ReadOnlyMemory<byte> Memory { get; init; }

    public IReadOnlyDictionary<string, string>? Names { get; init; }

    public DayOfWeek Day { get; init; }

    public DateTimeOffset At { get; init; }

    public Line? Nested { get; init; }

    public JsonElement Anything { get; init; }
}

/// <summary>Refuses what it does not like.</summary>
[MessageType("test.picky")]
internal sealed record Picky : Message
{
    public Picky(int number) => Number = number > 0 ? number : throw new ArgumentOutOfRangeException(nameof(number));

    public int Number { get; }
}

/// <summary>Keeps members that it does not know.</summary>
[MessageType("test.keeping")]
internal sealed record Keeping : Message
{
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Rest { get; init; }
}

[JsonSerializable(typeof(Chat))]
[JsonSerializable(typeof(Order))]
internal sealed partial class SampleJson : JsonSerializerContext;
