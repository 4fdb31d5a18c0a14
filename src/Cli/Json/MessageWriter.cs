using System.Globalization;
using System.Text;

namespace ChannelsNet.Json;

/// <summary>
/// Writes a message as one line of JSON that <see cref="MessageReader"/> reads back to the same: "type" first, a double always with a point
/// or an exponent, bytes as {"$bytes":"base64"}. What no number of JSON can be stands as "NaN", "Infinity" or "-Infinity".
/// </summary>
internal static class MessageWriter
{
    public static string Write(UntypedMessage message)
    {
        var json = new StringBuilder("{");
        WriteMember(json, "type", message.Type);
        WriteMembers(json, message.Values);
        return json.Append('}').ToString();
    }

    private static void WriteMembers(StringBuilder json, IReadOnlyDictionary<string, object?> values)
    {
        foreach (var (name, value) in values)
        {
            WriteMember(json, name, value);
        }
    }

    private static void WriteMember(StringBuilder json, string name, object? value)
    {
        Separate(json);
        WriteString(json, name);
        json.Append(':');
        WriteValue(json, value);
    }

    private static void WriteValue(StringBuilder json, object? value)
    {
        switch (value)
        {
            case null:
                json.Append("null");
                break;
            case bool truth:
                json.Append(truth ? "true" : "false");
                break;
            case long or ulong:
                json.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
            case double number when double.IsFinite(number):
                var digits = number.ToString("R", CultureInfo.InvariantCulture);
                json.Append(digits).Append(digits.AsSpan().ContainsAny('.', 'E') ? "" : ".0");
                break;
            case double number:
                WriteString(json, number.ToString(CultureInfo.InvariantCulture));
                break;
            case string text:
                WriteString(json, text);
                break;
            case byte[] bytes:
                json.Append('{');
                WriteMember(json, JsonText.Bytes, Convert.ToBase64String(bytes));
                json.Append('}');
                break;
            case IReadOnlyDictionary<string, object?> members:
                json.Append('{');
                WriteMembers(json, members);
                json.Append('}');
                break;
            case IEnumerable<object?> items:
                json.Append('[');
                foreach (var item in items)
                {
                    Separate(json);
                    WriteValue(json, item);
                }

                json.Append(']');
                break;
            default:
                throw new InvalidOperationException(
                    $"A message holds a {value.GetType()}; expected null, bool, long, ulong, double, string, byte[], a list or a dictionary of these.");
        }
    }

    private static void Separate(StringBuilder json)
    {
        if (json[^1] is not ('{' or '['))
        {
            json.Append(',');
        }
    }

    /// <summary>
    /// Letters and pictures stay what they are (Utf8JsonWriter's encoders escape all beyond 16 bits); what would move a terminal's cursor or
    /// end the line is escaped.
    /// </summary>
    private static void WriteString(StringBuilder json, string text)
    {
        json.Append('"');
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' or '\\' => json.Append('\\').Append((char)rune.Value),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                0x2028 or 0x2029 => Escape(json, rune),
                _ => Rune.IsControl(rune) ? Escape(json, rune) : json.Append(rune.ToString()),
            };
        }

        json.Append('"');
    }

    private static StringBuilder Escape(StringBuilder json, Rune rune) => json.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
}
