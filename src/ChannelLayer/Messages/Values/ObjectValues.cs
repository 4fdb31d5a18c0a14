using System.Buffers;
using System.Text.Unicode;

namespace ChannelsNet.Messages.Values;

/// <summary>Reads the values of an <see cref="UntypedMessage"/>.</summary>
internal static class ObjectValues
{
    public const string LoneSurrogate =
        "the text holds half of a surrogate pair (it was cut within a character, perhaps), which has no UTF-8; expected whole characters";

    /// <exception cref="ValueException">It is of another kind than messages have.</exception>
    public static void Copy(object? value, IValueWriter writer)
    {
        switch (value)
        {
            case null:
                writer.Null();
                break;
            case bool boolean:
                writer.Boolean(boolean);
                break;
            case sbyte or short or int or long:
                writer.Integer(Convert.ToInt64(value, null));
                break;
            case byte or ushort or uint or ulong:
                writer.Integer(Convert.ToUInt64(value, null));
                break;
            case float or double:
                writer.Float(Convert.ToDouble(value, null));
                break;
            case string text:
                CopyText(text, writer, isKey: false);
                break;
            case byte[] bytes:
                writer.Bytes(bytes);
                break;
            case ReadOnlyMemory<byte> bytes:
                writer.Bytes(bytes.Span);
                break;
            case IReadOnlyDictionary<string, object?> map:
                writer.StartMap();
                CopyMembers(map, writer);
                writer.EndMap();
                break;
            case IReadOnlyList<object?> list:
                CopyList(list, writer);
                break;
            default:
                throw new ValueException(
                    $"a {value.GetType()} is no value of a message; expected null, a bool, an integer of up to 64 bits, a double, "
                    + "a string, a byte[], an IReadOnlyList<object?> or an IReadOnlyDictionary<string, object?>."
                    + " A date can be sent as ISO 8601 text");
        }
    }

    public static void CopyMembers(IReadOnlyDictionary<string, object?> map, IValueWriter writer)
    {
        foreach (var (key, value) in map)
        {
            try
            {
                CopyText(key, writer, isKey: true);
                Copy(value, writer);
            }
            catch (ValueException fault)
            {
                fault.PassedKey(key);
                throw;
            }
        }
    }

    /// <exception cref="ValueException">It has no UTF-8.</exception>
    public static void CopyText(string text, IValueWriter writer, bool isKey)
    {
        var rented = ArrayPool<byte>.Shared.Rent(3 * text.Length);
        try
        {
            if (Utf8.FromUtf16(text, rented, out _, out var length, replaceInvalidSequences: false) != OperationStatus.Done)
            {
                throw new ValueException(LoneSurrogate);
            }

            if (isKey)
            {
                writer.Key(rented.AsSpan(0, length));
            }
            else
            {
                writer.Text(rented.AsSpan(0, length));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static void CopyList(IReadOnlyList<object?> list, IValueWriter writer)
    {
        writer.StartList();
        for (var index = 0; index < list.Count; index++)
        {
            try
            {
                Copy(list[index], writer);
            }
            catch (ValueException fault)
            {
                fault.PassedIndex(index);
                throw;
            }
        }

        writer.EndList();
    }
}
