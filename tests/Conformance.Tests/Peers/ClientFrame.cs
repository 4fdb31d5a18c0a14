using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ChannelsNet.Conformance.Peers;

/// <summary>Makes a client's frames, right ones and wrong ones (RFC 6455, 5.2).</summary>
internal static class ClientFrame
{
    private const uint Mask = 0xA1_5E_37_C4;

    /// <param name="opcode">Any of 0 to 15.</param>
    /// <param name="payload">Not masked yet.</param>
    /// <param name="final">FIN.</param>
    /// <param name="reserved">The three reserved bits as a number, RSV1 is 4.</param>
    public static byte[] Create(Opcode opcode, ReadOnlySpan<byte> payload, bool final = true, int reserved = 0)
    {
        var head = payload.Length switch
        {
            < 126 => 2,
            <= ushort.MaxValue => 4,
            _ => 10,
        };
        var frame = new byte[head + sizeof(uint) + payload.Length];
        frame[0] = (byte)((final ? 0x80 : 0) | (reserved << 4) | (int)opcode);
        switch (head)
        {
            case 2:
                frame[1] = (byte)(0x80 | payload.Length);
                break;
            case 4:
                frame[1] = 0x80 | 126;
                BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)payload.Length);
                break;
            default:
                frame[1] = 0x80 | 127;
                BinaryPrimitives.WriteInt64BigEndian(frame.AsSpan(2), payload.Length);
                break;
        }

        MemoryMarshal.Write(frame.AsSpan(head), Mask);
        CopyMasked(payload, frame.AsSpan(head + sizeof(uint)));
        return frame;
    }

    /// <summary>A message in frames of so many bytes of payload, the last of which may have fewer; 0 for one frame.</summary>
    /// <param name="opcode">Of the first one.</param>
    /// <param name="payload">Of all together.</param>
    /// <param name="size">Of one frame, in bytes.</param>
    /// <param name="reserved">The reserved bits of the first one.</param>
    public static IEnumerable<byte[]> Fragments(Opcode opcode, byte[] payload, int size, int reserved = 0)
    {
        if (size == 0)
        {
            size = Math.Max(1, payload.Length);
        }

        var at = 0;
        do
        {
            var length = Math.Min(size, payload.Length - at);
            var isFirst = at == 0;
            yield return Create(
                isFirst ? opcode : Opcode.Continuation, payload.AsSpan(at, length), at + length == payload.Length, isFirst ? reserved : 0);
            at += length;
        }
        while (at < payload.Length);
    }

    private static void CopyMasked(ReadOnlySpan<byte> from, Span<byte> to)
    {
        const ulong Wide = ((ulong)Mask << 32) | Mask;
        var words = MemoryMarshal.Cast<byte, ulong>(from);
        var masked = MemoryMarshal.Cast<byte, ulong>(to);
        for (var i = 0; i < words.Length; i++)
        {
            masked[i] = words[i] ^ Wide;
        }

        for (var i = words.Length * sizeof(ulong); i < from.Length; i++)
        {
            to[i] = (byte)(from[i] ^ (byte)(Wide >> (8 * (i % sizeof(ulong)))));
        }
    }
}
