using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static ChannelsNet.WebSockets.WebSocketFrames;

namespace ChannelsNet.WebSockets.Receiving;

/// <summary>What stands before the payload of a client's frame (RFC 6455, 5.2): a byte with FIN, three reserved bits and the opcode, the length, the mask.</summary>
internal readonly ref struct FrameHead
{
    private const int Longest = 14;
    private const byte Final = 0x80;
    private const byte Compressed = 0x40;
    private const byte Reserved = 0x70;
    private const byte Masked = 0x80;
    private const int MaskLength = 4;

    private FrameHead(byte first, bool isMasked, long payloadLength, uint mask, int length)
    {
        First = first;
        IsMasked = isMasked;
        PayloadLength = payloadLength;
        Mask = mask;
        Length = length;
    }

    public bool IsFinal => (First & Final) != 0;

    public Opcode Opcode => OpcodeOf(First);

    /// <summary>Whether the message that begins here is compressed.</summary>
    public bool IsCompressed => (First & Compressed) != 0;

    public bool IsControl => (First & 0x08) != 0;

    public long PayloadLength { get; }

    /// <summary>The four bytes of the mask, as they lie in memory.</summary>
    public uint Mask { get; }

    /// <summary>How many bytes the head has.</summary>
    public int Length { get; }

    private byte First { get; }

    private bool IsMasked { get; }

    /// <summary>Reads a head; false if it is not all there yet.</summary>
    public static bool TryRead(in ReadOnlySequence<byte> buffer, out FrameHead head)
    {
        var span = buffer.FirstSpan;
        if (span.Length < Longest && buffer.Length > span.Length)
        {
            Span<byte> joined = new byte[Math.Min(Longest, buffer.Length)];
            buffer.Slice(0, joined.Length).CopyTo(joined);
            span = joined;
        }

        return TryRead(span, out head);
    }

    /// <summary>Looks whether a client may send this.</summary>
    /// <param name="isContinuing">Whether a message has begun that has not ended.</param>
    /// <param name="mayCompress">Whether compression was negotiated.</param>
    public void Check(bool isContinuing, bool mayCompress)
    {
        if ((First & Reserved & ~Compressed) != 0 || (IsCompressed && !mayCompress))
        {
            throw Fault("A reserved bit is set that no extension was negotiated for.");
        }

        if (IsCompressed && Opcode is not (Opcode.Text or Opcode.Binary))
        {
            throw Fault("Only the first frame of a message may say that it is compressed.");
        }

        if (!IsMasked)
        {
            throw Fault("A client must mask its frames.");
        }

        if (PayloadLength < 0)
        {
            throw Fault("A length has its highest bit set.");
        }

        switch (Opcode)
        {
            case Opcode.Text or Opcode.Binary when isContinuing:
                throw Fault("A message began before the one before it had ended.");
            case Opcode.Continuation when !isContinuing:
                throw Fault("A continuation came without a beginning.");
            case Opcode.Text or Opcode.Binary or Opcode.Continuation:
                break;
            case Opcode.Close or Opcode.Ping or Opcode.Pong when !IsFinal || PayloadLength > LongestControlPayload:
                throw Fault($"A control frame must be whole and have at most {LongestControlPayload} bytes.");
            case Opcode.Close or Opcode.Ping or Opcode.Pong:
                break;
            default:
                throw Fault($"There is no opcode {(int)Opcode}.");
        }
    }

    public static ClientFaultException Fault(string reason) => new(CloseCodes.ProtocolError, reason);

    private static bool TryRead(ReadOnlySpan<byte> span, out FrameHead head)
    {
        head = default;
        if (span.Length < 2)
        {
            return false;
        }

        long length = span[1] & ~Masked & 0xFF;
        var at = length switch
        {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        var isMasked = (span[1] & Masked) != 0;
        if (span.Length < at + (isMasked ? MaskLength : 0))
        {
            return false;
        }

        length = at switch
        {
            4 => BinaryPrimitives.ReadUInt16BigEndian(span[2..]),
            10 => BinaryPrimitives.ReadInt64BigEndian(span[2..]),
            _ => length,
        };
        head = isMasked
            ? new FrameHead(span[0], true, length, MemoryMarshal.Read<uint>(span[at..]), at + MaskLength)
            : new FrameHead(span[0], false, length, 0, at);
        return true;
    }
}
