using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace ChannelsNet.Fuzz;

/// <summary>What a server that echoes must make of a client's bytes, read from RFC 6455 in the plainest way: all at once, without regard to speed.</summary>
internal sealed class FrameModel
{
    private readonly int _maxMessageSize;
    private readonly List<byte> _message = [];
    private bool _isText;
    private bool _hasBegun;
    private int _empty;

    public FrameModel(byte[] stream, int maxMessageSize)
    {
        _maxMessageSize = maxMessageSize;
        var rest = stream.AsSpan();
        while (ClosedWith is null && rest.Length > 0)
        {
            if (!TryRead(ref rest))
            {
                IsCut = true;
                return;
            }
        }
    }

    /// <summary>The messages that come back, in their order.</summary>
    public List<string> Messages { get; } = [];

    public List<string> Pongs { get; } = [];

    /// <summary>With what code the server closes; null if nothing makes it close.</summary>
    public int? ClosedWith { get; private set; }

    /// <summary>Whether the bytes end within a frame.</summary>
    public bool IsCut { get; private set; }

    private bool TryRead(ref Span<byte> rest)
    {
        if (rest.Length < 2)
        {
            return false;
        }

        var (first, masked, length, head) = (rest[0], (rest[1] & 0x80) != 0, (long)(rest[1] & 0x7F), 2);
        var more = length switch { 126 => 2, 127 => 8, _ => 0 };
        if (rest.Length < head + more + (masked ? 4 : 0))
        {
            return false;
        }

        length = more switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(rest[2..]),
            8 => BinaryPrimitives.ReadInt64BigEndian(rest[2..]),
            _ => length,
        };
        head += more;
        var (isFinal, opcode) = ((first & 0x80) != 0, first & 0x0F);
        var isControl = opcode >= 8;
        if ((first & 0x70) != 0 || !masked || length < 0 || opcode is (> 2 and < 8) or > 10
            || (isControl && (!isFinal || length > 125))
            || (!isControl && (opcode == 0) != _hasBegun))
        {
            ClosedWith = 1002;
            return true;
        }

        var mask = rest.Slice(head, 4).ToArray();
        head += 4;
        if (!isControl)
        {
            if (!_hasBegun)
            {
                (_hasBegun, _isText, _empty) = (true, opcode == 1, 0);
            }

            _empty += length == 0 && !isFinal ? 1 : 0;
            if (_message.Count + _empty + length > _maxMessageSize)
            {
                ClosedWith = 1009;
                return true;
            }
        }

        var there = (int)Math.Min(length, rest.Length - head);
        var payload = rest.Slice(head, there).ToArray().Select((value, i) => (byte)(value ^ mask[i % 4])).ToArray();
        if (isControl)
        {
            if (there < length)
            {
                return false;
            }

            Control(opcode, payload);
        }
        else
        {
            _message.AddRange(payload);
            var isWhole = there == length && isFinal;
            if (_isText && !IsUtf8([.. _message], isWhole))
            {
                ClosedWith = 1007;
                return true;
            }

            if (there < length)
            {
                return false;
            }

            if (isFinal)
            {
                Messages.Add($"{(_isText ? "text" : "binary")} {Encoding.UTF8.GetString([.. _message])}".TrimEnd());
                _message.Clear();
                _hasBegun = false;
            }
        }

        rest = rest[(head + there)..];
        return true;
    }

    private void Control(int opcode, byte[] payload)
    {
        switch (opcode)
        {
            case 9:
                Pongs.Add($"pong {Encoding.UTF8.GetString(payload)}".TrimEnd());
                break;
            case 8:
                var code = payload.Length > 1 ? BinaryPrimitives.ReadUInt16BigEndian(payload) : 1000;
                ClosedWith = payload.Length == 1 || code is < 1000 or 1004 or 1005 or 1006 or (> 1014 and < 3000) or > 4999 ? 1002
                    : payload.Length > 2 && !IsUtf8(payload.AsSpan(2), isWhole: true) ? 1007
                    : code;
                break;
        }
    }

    /// <summary>Whether it is UTF-8, or if more is to come can still become that.</summary>
    private static bool IsUtf8(ReadOnlySpan<byte> bytes, bool isWhole)
    {
        while (bytes.Length > 0)
        {
            var status = Rune.DecodeFromUtf8(bytes, out _, out var used);
            if (status != OperationStatus.Done)
            {
                return status == OperationStatus.NeedMoreData && !isWhole;
            }

            bytes = bytes[used..];
        }

        return true;
    }
}
