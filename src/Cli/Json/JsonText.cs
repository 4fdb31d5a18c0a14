using System.Text;
using System.Text.Json;

namespace ChannelsNet.Json;

/// <summary>What is said about a piece of JSON.</summary>
internal static class JsonText
{
    /// <summary>The name whose value is a byte array in base64.</summary>
    public const string Bytes = "$bytes";

    private const int Shown = 40;

    /// <summary>The token that the reader is on, shortened.</summary>
    public static string Of(Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => $"\"{Short(Encoding.UTF8.GetString(reader.ValueSpan))}\"",
        _ => Short(Encoding.UTF8.GetString(reader.ValueSpan)),
    };

    /// <summary>Lines and columns as editors count them, from 1 and in characters.</summary>
    public static string Place(ReadOnlySpan<byte> json, int line, int byteInLine)
    {
        for (var i = 0; i < line; i++)
        {
            json = json[(json.IndexOf((byte)'\n') + 1)..];
        }

        return $"line {line + 1}, column {Encoding.UTF8.GetCharCount(json[..Math.Min(byteInLine, json.Length)]) + 1}";
    }

    /// <summary>What is wrong, without the counting from 0 that stands behind it.</summary>
    public static string WithoutPlace(JsonException fault)
    {
        var end = fault.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? fault.Message : fault.Message[..end];
    }

    private static string Short(string text) => text.Length <= Shown ? text : $"{text[..Shown]}…";
}
