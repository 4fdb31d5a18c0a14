using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ChannelsNet.Messages.Values;

/// <summary>Reads the values of JSON.</summary>
internal static class JsonValues
{
    // One more than messages have, for a box at the innermost place.
    public static JsonReaderOptions ReaderOptions => new() { MaxDepth = IValueWriter.MaxDepth + 1 };

    /// <summary>Copies the value at which the reader stands, and leaves it at the end of it.</summary>
    /// <exception cref="ValueException">A number is outside of the range that messages have.</exception>
    public static void Copy(ref Utf8JsonReader json, IValueWriter writer)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.Null:
                writer.Null();
                break;
            case JsonTokenType.True or JsonTokenType.False:
                writer.Boolean(json.TokenType == JsonTokenType.True);
                break;
            case JsonTokenType.Number:
                CopyNumber(ref json, writer);
                break;
            case JsonTokenType.String:
                CopyText(ref json, writer, isKey: false);
                break;
            case JsonTokenType.StartArray:
                CopyList(ref json, writer);
                break;
            default:
                CopyMapOrBox(ref json, writer);
                break;
        }
    }

    /// <summary>Copies the key at which the reader stands and its value.</summary>
    public static void CopyMember(ref Utf8JsonReader json, IValueWriter writer)
    {
        var key = json;
        CopyText(ref json, writer, isKey: true);
        json.Read();
        try
        {
            Copy(ref json, writer);
        }
        catch (ValueException fault)
        {
            fault.PassedKey(key.GetString()!);
            throw;
        }
    }

    private static void CopyList(ref Utf8JsonReader json, IValueWriter writer)
    {
        writer.StartList();
        for (var index = 0; json.Read() && json.TokenType != JsonTokenType.EndArray; index++)
        {
            try
            {
                Copy(ref json, writer);
            }
            catch (ValueException fault)
            {
                fault.PassedIndex(index);
                throw;
            }
        }

        writer.EndList();
    }

    private static void CopyMapOrBox(ref Utf8JsonReader json, IValueWriter writer)
    {
        if (JsonBoxes.ReadBytes(ref json) is { } bytes)
        {
            writer.Bytes(bytes);
            return;
        }

        if (JsonBoxes.ReadNotFinite(ref json) is { } number)
        {
            writer.Float(number);
            return;
        }

        writer.StartMap();
        while (json.Read() && json.TokenType != JsonTokenType.EndObject)
        {
            CopyMember(ref json, writer);
        }

        writer.EndMap();
    }

    private static void CopyNumber(ref Utf8JsonReader json, IValueWriter writer)
    {
        if (!JsonFloats.IsInteger(json.ValueSpan))
        {
            var number = double.Parse(json.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
            writer.Float(double.IsFinite(number) ? number : throw OutOfRange(json, "a number of 64 bits"));
        }
        else if (json.TryGetInt64(out var integer))
        {
            writer.Integer(integer);
        }
        else
        {
            writer.Integer(json.TryGetUInt64(out var large) ? large : throw OutOfRange(json, "an integer of 64 bits"));
        }
    }

    private static ValueException OutOfRange(Utf8JsonReader json, string expected) =>
        new($"{Encoding.ASCII.GetString(json.ValueSpan)} is out of range; expected {expected}. A larger one can be sent as a string");

    private static void CopyText(ref Utf8JsonReader json, IValueWriter writer, bool isKey)
    {
        // What an escape stands for is never longer than the escape.
        var unescaped = json.ValueIsEscaped ? ArrayPool<byte>.Shared.Rent(json.ValueSpan.Length) : null;
        try
        {
            var text = unescaped is null ? json.ValueSpan : unescaped.AsSpan(0, json.CopyString(unescaped));
            if (isKey)
            {
                writer.Key(text);
            }
            else
            {
                writer.Text(text);
            }
        }
        finally
        {
            if (unescaped is not null)
            {
                ArrayPool<byte>.Shared.Return(unescaped);
            }
        }
    }
}
