using System.Buffers.Binary;
using System.Text.Unicode;

namespace ChannelsNet.Messages.Values;

/// <summary>
/// Reads msgpack in all its forms, from anybody: whatever is wrong with the bytes is a <see cref="FormatException"/>, and no length
/// is believed that they do not have.
/// </summary>
internal ref struct MessagePackReader(ReadOnlySpan<byte> payload)
{
    private readonly ReadOnlySpan<byte> _payload = payload;
    private int _at;
    private int _depth;

    private readonly int Left => _payload.Length - _at;

    /// <summary>Begins the map that the payload is.</summary>
    /// <returns>How many keys with values follow.</returns>
    public long ReadMessage()
    {
        var head = ReadHead();
        _depth = 1;
        return head.Kind == MessagePackKind.Map
            ? Counted(head.Length, perItem: 2)
            : throw new FormatException($"What came is no message: it is one msgpack value of kind {head.Kind}; expected a map.");
    }

    public readonly void RequireEnd()
    {
        if (Left > 0)
        {
            throw new FormatException($"What came is no message: {Left} bytes follow its map; expected the end.");
        }
    }

    /// <summary>Text or, as old packers write it, bytes; UTF-8 in both.</summary>
    public ReadOnlySpan<byte> ReadKey()
    {
        var at = _at;
        var head = ReadHead();
        return head.Kind is MessagePackKind.Text or MessagePackKind.Bytes
            ? TakeText(head.Length)
            : throw new FormatException($"What came is no message: the key at byte {at} is of kind {head.Kind}; expected text.");
    }

    public void Copy(IValueWriter writer)
    {
        var head = ReadHead();
        switch (head.Kind)
        {
            case MessagePackKind.Null:
                writer.Null();
                break;
            case MessagePackKind.Boolean:
                writer.Boolean(head.Bits != 0);
                break;
            case MessagePackKind.Signed:
                writer.Integer((long)head.Bits);
                break;
            case MessagePackKind.Unsigned:
                writer.Integer(head.Bits);
                break;
            case MessagePackKind.Float:
                writer.Float(BitConverter.UInt64BitsToDouble(head.Bits));
                break;
            case MessagePackKind.Text:
                writer.Text(TakeText(head.Length));
                break;
            case MessagePackKind.Bytes:
                writer.Bytes(Take(head.Length));
                break;
            case MessagePackKind.Extension:
                MessagePackExtension.Copy((sbyte)Take(1)[0], Take(head.Length), writer);
                break;
            case MessagePackKind.List:
                CopyList(Counted(head.Length, perItem: 1), writer);
                break;
            default:
                CopyMap(Counted(head.Length, perItem: 2), writer);
                break;
        }
    }

    public void Skip()
    {
        for (var values = 1L; values > 0; values--)
        {
            var head = ReadHead();
            switch (head.Kind)
            {
                case MessagePackKind.Text or MessagePackKind.Bytes:
                    Take(head.Length);
                    break;
                case MessagePackKind.Extension:
                    Take(1 + head.Length);
                    break;
                case MessagePackKind.List:
                    values += Counted(head.Length, perItem: 1);
                    break;
                case MessagePackKind.Map:
                    values += 2 * Counted(head.Length, perItem: 2);
                    break;
            }
        }
    }

    private void CopyList(long count, IValueWriter writer)
    {
        Enter();
        writer.StartList();
        for (; count > 0; count--)
        {
            Copy(writer);
        }

        writer.EndList();
        _depth--;
    }

    private void CopyMap(long count, IValueWriter writer)
    {
        Enter();
        writer.StartMap();
        for (; count > 0; count--)
        {
            writer.Key(ReadKey());
            Copy(writer);
        }

        writer.EndMap();
        _depth--;
    }

    private void Enter()
    {
        if (++_depth > IValueWriter.MaxDepth)
        {
            throw new FormatException($"What came is no message: its lists and maps nest more than {IValueWriter.MaxDepth} deep.");
        }
    }

    private MessagePackHead ReadHead()
    {
        var head = Take(1)[0];
        return head switch
        {
            <= 0x7f => new(MessagePackKind.Unsigned, head),
            <= 0x8f => new(MessagePackKind.Map, head & 0x0fu),
            <= 0x9f => new(MessagePackKind.List, head & 0x0fu),
            <= 0xbf => new(MessagePackKind.Text, head & 0x1fu),
            0xc0 => new(MessagePackKind.Null, 0),
            0xc2 or 0xc3 => new(MessagePackKind.Boolean, head & 1u),
            >= 0xc4 and <= 0xc6 => new(MessagePackKind.Bytes, TakeNumber(1 << (head - 0xc4))),
            >= 0xc7 and <= 0xc9 => new(MessagePackKind.Extension, TakeNumber(1 << (head - 0xc7))),
            0xca => new(MessagePackKind.Float, BitConverter.DoubleToUInt64Bits(BitConverter.UInt32BitsToSingle((uint)TakeNumber(4)))),
            0xcb => new(MessagePackKind.Float, TakeNumber(8)),
            >= 0xcc and <= 0xcf => new(MessagePackKind.Unsigned, TakeNumber(1 << (head - 0xcc))),
            0xd0 => new(MessagePackKind.Signed, (ulong)(sbyte)TakeNumber(1)),
            0xd1 => new(MessagePackKind.Signed, (ulong)(short)TakeNumber(2)),
            0xd2 => new(MessagePackKind.Signed, (ulong)(int)TakeNumber(4)),
            0xd3 => new(MessagePackKind.Signed, TakeNumber(8)),
            >= 0xd4 and <= 0xd8 => new(MessagePackKind.Extension, 1u << (head - 0xd4)),
            >= 0xd9 and <= 0xdb => new(MessagePackKind.Text, TakeNumber(1 << (head - 0xd9))),
            0xdc or 0xdd => new(MessagePackKind.List, TakeNumber(2 << (head - 0xdc))),
            0xde or 0xdf => new(MessagePackKind.Map, TakeNumber(2 << (head - 0xde))),
            >= 0xe0 => new(MessagePackKind.Signed, (ulong)(sbyte)head),
            _ => throw new FormatException($"What came is no message: byte {_at - 1} is {head:x2}, which begins no msgpack value."),
        };
    }

    private ulong TakeNumber(int length)
    {
        var bytes = Take(length);
        return length switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes),
            4 => BinaryPrimitives.ReadUInt32BigEndian(bytes),
            _ => BinaryPrimitives.ReadUInt64BigEndian(bytes),
        };
    }

    private ReadOnlySpan<byte> TakeText(long length)
    {
        var at = _at;
        var text = Take(length);
        return Utf8.IsValid(text) ? text : throw new FormatException($"What came is no message: the text at byte {at} is not UTF-8.");
    }

    private ReadOnlySpan<byte> Take(long length)
    {
        var taken = _payload.Slice(_at, (int)Counted(length, perItem: 1));
        _at += taken.Length;
        return taken;
    }

    /// <summary>A value has one byte at least, so no count can be above that of the bytes that are left.</summary>
    private readonly long Counted(long count, int perItem) => count * perItem <= Left
        ? count
        : throw new FormatException($"What came is no message: it ends after {_payload.Length} bytes, within a value; expected more.");
}
