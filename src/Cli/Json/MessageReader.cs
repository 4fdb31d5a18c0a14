using System.Text.Json;
using ChannelsNet.Running;

namespace ChannelsNet.Json;

/// <summary>
/// Reads a message that a person or a script has written as JSON. Whole numbers become <see cref="long"/> (<see cref="ulong"/> above its
/// range), others <see cref="double"/>, and {"$bytes":"base64"} a byte array.
/// </summary>
internal static class MessageReader
{
    private const string Example =
        """expected a JSON object with a type, such as '{"type":"chat.message","text":"hi"}', in single quotes for the shell""";

    public static UntypedMessage Read(ReadOnlySpan<byte> json)
    {
        // Editors of Windows begin a file with this.
        json = json.StartsWith("\uFEFF"u8) ? json[3..] : json;
        if (json.Trim(" \t\r\n"u8).IsEmpty)
        {
            throw new UsageException($"The message is empty; {Example}.");
        }

        var reader = new Utf8JsonReader(json);
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw Wrong(json, reader, $"the message is {JsonText.Of(reader)}; {Example}");
            }

            string? type = null;
            var values = new Dictionary<string, object?>();
            while (ReadName(ref reader, json, values) is { } name)
            {
                if (name != "type")
                {
                    values.Add(name, ReadValue(ref reader, json));
                    continue;
                }

                type = type is null && reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 } text
                    ? text
                    : throw Wrong(
                        json, reader, $"\"type\" is {JsonText.Of(reader)}; expected one string that is not empty, such as \"chat.message\"");
            }

            // Reads on to the end, for what must not stand behind the object.
            reader.Read();
            return new UntypedMessage(type ?? throw new UsageException($"The message has no member \"type\"; {Example}."), values);
        }
        catch (JsonException fault)
        {
            var place = JsonText.Place(json, (int)fault.LineNumber!.Value, (int)fault.BytePositionInLine!.Value);
            throw new UsageException($"The message is no JSON at {place}: {JsonText.WithoutPlace(fault).TrimEnd('.')}; {Example}.");
        }
        catch (InvalidOperationException fault)
        {
            throw Wrong(
                json, reader, $"a string is no Unicode text ({fault.Message.TrimEnd('.')}); expected UTF-8, with \\u escapes of whole characters");
        }
    }

    /// <summary>The next member's name, with the reader on its value; null at the object's end.</summary>
    private static string? ReadName(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Dictionary<string, object?> before)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            return null;
        }

        var name = reader.GetString()!;
        if (before.ContainsKey(name))
        {
            throw Wrong(json, reader, $"\"{name}\" stands twice; expected each name once");
        }

        reader.Read();
        return name;
    }

    private static object? ReadValue(ref Utf8JsonReader reader, ReadOnlySpan<byte> json) => reader.TokenType switch
    {
        JsonTokenType.StartObject => ReadObject(ref reader, json),
        JsonTokenType.StartArray => ReadArray(ref reader, json),
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.Number => ReadNumber(reader, json),
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => null,
    };

    private static object ReadObject(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var start = reader;
        var values = new Dictionary<string, object?>();
        byte[]? bytes = null;
        while (ReadName(ref reader, json, values) is { } name)
        {
            if (name == JsonText.Bytes && reader.TokenType == JsonTokenType.String && !reader.TryGetBytesFromBase64(out bytes))
            {
                throw Wrong(json, reader, $"\"{JsonText.Bytes}\" is {JsonText.Of(reader)}; expected base64, such as \"aGVsbG8=\"");
            }

            values.Add(name, ReadValue(ref reader, json));
        }

        return !values.ContainsKey(JsonText.Bytes) ? values
            : values.Count == 1 && bytes is not null ? bytes
            : throw Wrong(
                json, start, """an object has "$bytes", which stands for bytes; expected {"$bytes":"base64"} and nothing else in it""");
    }

    private static List<object?> ReadArray(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var values = new List<object?>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            values.Add(ReadValue(ref reader, json));
        }

        return values;
    }

    private static object ReadNumber(Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.TryGetInt64(out var whole) && !reader.ValueSpan.ContainsAny(".eE"u8))
        {
            return whole;
        }

        if (reader.TryGetUInt64(out var large) && !reader.ValueSpan.ContainsAny(".eE"u8))
        {
            return large;
        }

        return reader.TryGetDouble(out var number) && double.IsFinite(number)
            ? number
            : throw Wrong(json, reader, $"{JsonText.Of(reader)} is too large; expected a number up to {double.MaxValue:R}");
    }

    private static UsageException Wrong(ReadOnlySpan<byte> json, Utf8JsonReader at, string what)
    {
        var before = json[..(int)at.TokenStartIndex];
        var line = before.Count((byte)'\n');
        return new UsageException($"At {JsonText.Place(json, line, before.Length - (before.LastIndexOf((byte)'\n') + 1))}: {what}.");
    }
}
