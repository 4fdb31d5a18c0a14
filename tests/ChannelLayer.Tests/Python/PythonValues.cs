using System.Buffers;
using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ChannelsNet.Python;

/// <summary>Values of messages in the JSON that peer.py speaks, and in a form in which they can be compared.</summary>
public static class PythonValues
{
    /// <summary>
    /// A value in one line, from which its kind can be told: <c>1</c> is no <c>1.0</c>, and text is no bytes. The members of a map are in
    /// the order of their names.
    /// </summary>
    public static string Text(object? value) => value switch
    {
        null => "null",
        UntypedMessage message => Text(MapOf(message)),
        bool truth => truth ? "true" : "false",
        string text => JsonSerializer.Serialize(text),
        byte[] bytes => $"bytes {Convert.ToHexStringLower(bytes)}",
        ReadOnlyMemory<byte> bytes => Text(bytes.ToArray()),
        float or double => FloatText(Convert.ToDouble(value, CultureInfo.InvariantCulture)),
        IReadOnlyDictionary<string, object?> map =>
            $"{{{string.Join(", ", map.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{Text(entry.Key)}: {Text(entry.Value)}"))}}}",
        IEnumerable list => $"[{string.Join(", ", list.Cast<object?>().Select(Text))}]",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => $"{value.GetType()} {value}",
    };

    internal static Dictionary<string, object?> MapOf(UntypedMessage message) => new(message.Values) { ["type"] = message.Type };

    internal static UntypedMessage MessageOf(JsonElement element)
    {
        var values = (Dictionary<string, object?>)FromJson(element)!;
        values.Remove("type", out var type);
        return new UntypedMessage((string)type!, values);
    }

    internal static string ToJson(object? value)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output))
        {
            Write(writer, value);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case byte[] bytes:
                writer.WriteStartObject();
                writer.WriteBase64String("$bytes", bytes);
                writer.WriteEndObject();
                break;
            case double number when !double.IsFinite(number):
                writer.WriteStartObject();
                writer.WriteString("$float", FloatText(number));
                writer.WriteEndObject();
                break;
            case double number:
                writer.WriteRawValue(FloatText(number));
                break;
            case int or long or ulong:
                writer.WriteRawValue(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
                break;
            case IReadOnlyDictionary<string, object?> map:
                writer.WriteStartObject();
                foreach (var (name, item) in map)
                {
                    writer.WritePropertyName(name);
                    Write(writer, item);
                }

                writer.WriteEndObject();
                break;
            case IEnumerable list:
                writer.WriteStartArray();
                foreach (var item in list)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                throw new ArgumentException($"A {value.GetType()} is no value of a message.", nameof(value));
        }
    }

    private static object? FromJson(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number when element.GetRawText().AsSpan().ContainsAny('.', 'e') => element.GetDouble(),
        JsonValueKind.Number => element.TryGetInt64(out var number) ? number : element.GetUInt64(),
        JsonValueKind.Array => element.EnumerateArray().Select(FromJson).ToArray(),
        _ => MapFromJson(element),
    };

    private static object MapFromJson(JsonElement element)
    {
        if (element.TryGetProperty("$bytes", out var bytes))
        {
            return bytes.GetBytesFromBase64();
        }

        return element.TryGetProperty("$float", out var number)
            ? number.GetString() switch { "inf" => double.PositiveInfinity, "-inf" => double.NegativeInfinity, _ => double.NaN }
            : element.EnumerateObject().ToDictionary(entry => entry.Name, entry => FromJson(entry.Value));
    }

    /// <summary>As Python writes it: with a point or an exponent, so that it is no whole number.</summary>
    private static string FloatText(double number)
    {
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        }

        var text = number.ToString("R", CultureInfo.InvariantCulture).ToLowerInvariant();
        return text.AsSpan().ContainsAny('.', 'e') ? text : text + ".0";
    }
}
