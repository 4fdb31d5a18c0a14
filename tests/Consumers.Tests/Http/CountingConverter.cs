using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChannelsNet.Http;

/// <summary>Writes a note as its text, and counts how often.</summary>
internal sealed class CountingConverter : JsonConverter<Note>
{
    private int _writes;

    public int Writes => _writes;

    public override Note Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, Note value, JsonSerializerOptions options)
    {
        Interlocked.Increment(ref _writes);
        writer.WriteStringValue(value.Text);
    }
}
