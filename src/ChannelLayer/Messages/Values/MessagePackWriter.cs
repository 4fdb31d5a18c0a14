using System.Buffers.Binary;

namespace ChannelsNet.Messages.Values;

/// <summary>Writes msgpack as Python packs it: every value in its shortest form, a float always as a double.</summary>
internal sealed class MessagePackWriter(PooledBuffer output) : IValueWriter
{
    private readonly Stack<(int Start, int CountAround)> _open = [];

    // How many values stand in the innermost list or map; a map's keys count too.
    private int _count;

    public void Null() => Add(0xc0);

    public void Boolean(bool value) => Add(value ? (byte)0xc3 : (byte)0xc2);

    public void Integer(long value)
    {
        switch (value)
        {
            case >= 0:
                Integer((ulong)value);
                break;
            case >= -32:
                Add((byte)value);
                break;
            case >= sbyte.MinValue:
                Add(0xd0, 1)[0] = (byte)value;
                break;
            case >= short.MinValue:
                BinaryPrimitives.WriteInt16BigEndian(Add(0xd1, 2), (short)value);
                break;
            case >= int.MinValue:
                BinaryPrimitives.WriteInt32BigEndian(Add(0xd2, 4), (int)value);
                break;
            default:
                BinaryPrimitives.WriteInt64BigEndian(Add(0xd3, 8), value);
                break;
        }
    }

    public void Integer(ulong value)
    {
        switch (value)
        {
            case <= 0x7f:
                Add((byte)value);
                break;
            case <= byte.MaxValue:
                Add(0xcc, 1)[0] = (byte)value;
                break;
            case <= ushort.MaxValue:
                BinaryPrimitives.WriteUInt16BigEndian(Add(0xcd, 2), (ushort)value);
                break;
            case <= uint.MaxValue:
                BinaryPrimitives.WriteUInt32BigEndian(Add(0xce, 4), (uint)value);
                break;
            default:
                BinaryPrimitives.WriteUInt64BigEndian(Add(0xcf, 8), value);
                break;
        }
    }

    public void Float(double value) => BinaryPrimitives.WriteDoubleBigEndian(Add(0xcb, 8), value);

    public void Text(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length < 32)
        {
            Add((byte)(0xa0 | utf8.Length));
        }
        else
        {
            AddLength(0xd9, utf8.Length);
        }

        utf8.CopyTo(output.Append(utf8.Length));
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        AddLength(0xc4, value.Length);
        value.CopyTo(output.Append(value.Length));
    }

    public void StartList() => Start();

    public void EndList() => End(0x90, 0xdc, perItem: 1);

    public void StartMap() => Start();

    public void Key(ReadOnlySpan<byte> utf8) => Text(utf8);

    public void EndMap() => End(0x80, 0xde, perItem: 2);

    private Span<byte> Add(byte head, int more = 0)
    {
        _count++;
        var bytes = output.Append(1 + more);
        bytes[0] = head;
        return bytes[1..];
    }

    /// <summary>The heads for lengths of 8, 16 and 32 bits stand one after the other.</summary>
    private void AddLength(byte head8, int length)
    {
        switch (length)
        {
            case <= byte.MaxValue:
                Add(head8, 1)[0] = (byte)length;
                break;
            case <= ushort.MaxValue:
                BinaryPrimitives.WriteUInt16BigEndian(Add((byte)(head8 + 1), 2), (ushort)length);
                break;
            default:
                BinaryPrimitives.WriteInt32BigEndian(Add((byte)(head8 + 2), 4), length);
                break;
        }
    }

    private void Start()
    {
        if (_open.Count == IValueWriter.MaxDepth)
        {
            throw ValueException.TooDeep();
        }

        Add(0);
        _open.Push((output.Length - 1, _count));
        _count = 0;
    }

    /// <summary>A list or map begins with its count, which is known at its end: one byte waits for it, more are made if needed.</summary>
    private void End(byte small, byte head16, int perItem)
    {
        var (start, countAround) = _open.Pop();
        var count = _count / perItem;
        _count = countAround;
        if (count < 16)
        {
            output.Written[start] = (byte)(small | count);
        }
        else if (count <= ushort.MaxValue)
        {
            BinaryPrimitives.WriteUInt16BigEndian(output.Insert(start + 1, 2), (ushort)count);
            output.Written[start] = head16;
        }
        else
        {
            BinaryPrimitives.WriteInt32BigEndian(output.Insert(start + 1, 4), count);
            output.Written[start] = (byte)(head16 + 1);
        }
    }
}
