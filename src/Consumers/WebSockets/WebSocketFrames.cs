using System.Buffers.Binary;
using System.Text;

namespace ChannelsNet.WebSockets;

/// <summary>
/// The frames that a server sends (RFC 6455, 5.2): a byte with the FIN bit, RSV1 for a compressed message (RFC 7692) and the opcode; the length in one,
/// three or nine bytes; the payload, not masked. A message is always one frame.
/// </summary>
internal static class WebSocketFrames
{
    /// <summary>The longest payload of a close, ping or pong frame.</summary>
    public const int LongestControlPayload = 125;

    private const int LongestHead = 10;
    private const byte Final = 0x80;
    private const byte Compressed = 0x40;

    /// <summary>What a frame is.</summary>
    public enum Opcode : byte
    {
        Continuation = 0,
        Text = 1,
        Binary = 2,
        Close = 8,
        Ping = 9,
        Pong = 10,
    }

    /// <summary>A ping without a payload.</summary>
    public static ReadOnlyMemory<byte> Ping { get; } = new byte[] { Final | (byte)Opcode.Ping, 0 };

    /// <summary>What the first byte of a frame says that it is.</summary>
    public static Opcode OpcodeOf(byte first) => (Opcode)(first & 0x0F);

    /// <summary>Makes a frame and returns the place for its payload.</summary>
    public static Span<byte> Create(Opcode opcode, int length, out byte[] frame, bool compressed = false)
    {
        var head = HeadLength(length);
        frame = new byte[head + length];
        frame[0] = (byte)(Final | (compressed ? Compressed : 0) | (byte)opcode);
        switch (head)
        {
            case 2:
                frame[1] = (byte)length;
                break;
            case 4:
                frame[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)length);
                break;
            default:
                frame[1] = 127;
                BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(2), (ulong)length);
                break;
        }

        return frame.AsSpan(head);
    }

    /// <summary>How many bytes stand before a payload of this length.</summary>
    public static int HeadLength(int payloadLength) => payloadLength switch
    {
        < 126 => 2,
        <= ushort.MaxValue => 4,
        _ => LongestHead,
    };

    /// <summary>Reads what stands before the payload of a frame made here; how many bytes that are.</summary>
    public static int ReadHead(ReadOnlySpan<byte> frame, out int payloadLength)
    {
        (var head, payloadLength) = frame[1] switch
        {
            126 => (4, BinaryPrimitives.ReadUInt16BigEndian(frame[2..])),
            127 => (LongestHead, (int)BinaryPrimitives.ReadUInt64BigEndian(frame[2..])),
            var length => (2, length),
        };
        return head;
    }

    /// <summary>A close frame; a reason that has no room in it is cut between characters.</summary>
    public static byte[] Close(int code, string reason)
    {
        Span<byte> text = stackalloc byte[LongestControlPayload - sizeof(ushort)];
        Encoding.UTF8.GetEncoder().Convert(reason, text, flush: true, out _, out var length, out _);
        var payload = Create(Opcode.Close, sizeof(ushort) + length, out var frame);
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        text[..length].CopyTo(payload[sizeof(ushort)..]);
        return frame;
    }
}
