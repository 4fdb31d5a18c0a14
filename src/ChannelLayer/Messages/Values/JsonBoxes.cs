using System.Text.Json;

namespace ChannelsNet.Messages.Values;

/// <summary>What JSON has no form for, as a map with one key that tells what it is: see <see cref="IValueWriter"/>.</summary>
internal static class JsonBoxes
{
    public static ReadOnlySpan<byte> BytesKey => "$bytes"u8;

    public static ReadOnlySpan<byte> DoubleKey => "$double"u8;

    public static void WriteBytes(Utf8JsonWriter json, ReadOnlySpan<byte> value)
    {
        json.WriteStartObject();
        json.WriteBase64String(BytesKey, value);
        json.WriteEndObject();
    }

    public static void WriteNotFinite(Utf8JsonWriter json, double value)
    {
        json.WriteStartObject();
        json.WriteString(DoubleKey, double.IsNaN(value) ? "NaN"u8 : value > 0 ? "Infinity"u8 : "-Infinity"u8);
        json.WriteEndObject();
    }

    /// <summary>Reads the map that begins here if it is bytes, and stands at its end then; else it stands where it stood.</summary>
    public static byte[]? ReadBytes(ref Utf8JsonReader json) =>
        Open(json, BytesKey) is { TokenType: JsonTokenType.String } inside
        && inside.TryGetBytesFromBase64(out var value)
        && Close(ref json, inside)
            ? value
            : null;

    /// <summary>Reads the map that begins here if it is such a number, and stands at its end then; else it stands where it stood.</summary>
    public static double? ReadNotFinite(ref Utf8JsonReader json) =>
        Open(json, DoubleKey) is { TokenType: JsonTokenType.String } inside && NotFinite(inside) is { } value && Close(ref json, inside)
            ? value
            : null;

    private static double? NotFinite(Utf8JsonReader json) =>
        json.ValueTextEquals("NaN"u8) ? double.NaN
        : json.ValueTextEquals("Infinity"u8) ? double.PositiveInfinity
        : json.ValueTextEquals("-Infinity"u8) ? double.NegativeInfinity
        : null;

    /// <summary>Stands at the first value of the map if its key is this one, else nowhere.</summary>
    private static Utf8JsonReader Open(Utf8JsonReader json, ReadOnlySpan<byte> key) =>
        json.TokenType == JsonTokenType.StartObject
        && json.Read()
        && json.TokenType == JsonTokenType.PropertyName
        && json.ValueTextEquals(key)
        && json.Read()
            ? json
            : default;

    private static bool Close(ref Utf8JsonReader json, Utf8JsonReader inside)
    {
        if (!inside.Read() || inside.TokenType != JsonTokenType.EndObject)
        {
            return false;
        }

        json = inside;
        return true;
    }
}
