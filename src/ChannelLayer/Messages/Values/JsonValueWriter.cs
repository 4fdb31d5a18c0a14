using System.Text.Json;

namespace ChannelsNet.Messages.Values;

/// <summary>Writes values as JSON.</summary>
/// <param name="json">Takes them.</param>
/// <param name="boxesNotFinite">Whether numbers that are not finite are put into a map, or refused.</param>
internal sealed class JsonValueWriter(Utf8JsonWriter json, bool boxesNotFinite) : IValueWriter
{
    public static string NotFinite(double value) =>
        FormattableString.Invariant($"{value} is no number of JSON; expected a finite one. Send null, or use the serializer msgpack");

    public void Null() => json.WriteNullValue();

    public void Boolean(bool value) => json.WriteBooleanValue(value);

    public void Integer(long value) => json.WriteNumberValue(value);

    public void Integer(ulong value) => json.WriteNumberValue(value);

    public void Float(double value)
    {
        if (double.IsFinite(value))
        {
            JsonFloats.Write(json, value);
        }
        else if (boxesNotFinite)
        {
            JsonBoxes.WriteNotFinite(json, value);
        }
        else
        {
            throw new ValueException(NotFinite(value));
        }
    }

    public void Text(ReadOnlySpan<byte> utf8) => json.WriteStringValue(utf8);

    public void Bytes(ReadOnlySpan<byte> value) => JsonBoxes.WriteBytes(json, value);

    public void StartList()
    {
        CheckDepth();
        json.WriteStartArray();
    }

    public void EndList() => json.WriteEndArray();

    public void StartMap()
    {
        CheckDepth();
        json.WriteStartObject();
    }

    public void Key(ReadOnlySpan<byte> utf8) => json.WritePropertyName(utf8);

    public void EndMap() => json.WriteEndObject();

    private void CheckDepth()
    {
        if (json.CurrentDepth >= IValueWriter.MaxDepth)
        {
            throw ValueException.TooDeep();
        }
    }
}
