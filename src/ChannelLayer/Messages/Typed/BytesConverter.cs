using System.Text.Json;
using System.Text.Json.Serialization;
using ChannelsNet.Messages.Values;

namespace ChannelsNet.Messages.Typed;

/// <summary>Bytes, told from text: a string is not taken for base64.</summary>
internal sealed class BytesConverter : JsonConverter<byte[]>
{
    public override byte[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Read(ref reader);

    public override void Write(Utf8JsonWriter writer, byte[] value, JsonSerializerOptions options) => JsonBoxes.WriteBytes(writer, value);

    public static byte[] Read(ref Utf8JsonReader reader) =>
        JsonBoxes.ReadBytes(ref reader)
        ?? throw new JsonException($"{reader.TokenType} came; expected bytes, which in JSON are {{\"$bytes\":\"base64\"}}.");
}

/// <summary>The same for memory.</summary>
internal sealed class ReadOnlyMemoryConverter : JsonConverter<ReadOnlyMemory<byte>>
{
    public override ReadOnlyMemory<byte> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        BytesConverter.Read(ref reader);

    public override void Write(Utf8JsonWriter writer, ReadOnlyMemory<byte> value, JsonSerializerOptions options) =>
        JsonBoxes.WriteBytes(writer, value.Span);
}
