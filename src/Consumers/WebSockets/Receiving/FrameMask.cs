using System.Numerics;
using System.Runtime.InteropServices;

namespace ChannelsNet.WebSockets.Receiving;

/// <summary>The mask over a client's payload (RFC 6455, 5.3): each byte exclusive-or one of four, in turn.</summary>
internal static class FrameMask
{
    /// <summary>Takes the mask off some bytes of a payload.</summary>
    /// <param name="mask">The four bytes as they lie in memory.</param>
    /// <param name="offset">How many bytes of the payload came before these.</param>
    /// <param name="from">The masked bytes.</param>
    /// <param name="to">Where the bytes go; at least as long.</param>
    public static void Remove(uint mask, long offset, ReadOnlySpan<byte> from, Span<byte> to)
    {
        var turn = 8 * (int)(offset & 3);
        mask = BitConverter.IsLittleEndian ? BitOperations.RotateRight(mask, turn) : BitOperations.RotateLeft(mask, turn);

        var whole = from.Length - (from.Length % Vector<byte>.Count);
        var wide = Vector.AsVectorByte(new Vector<uint>(mask));
        for (var at = 0; at < whole; at += Vector<byte>.Count)
        {
            (new Vector<byte>(from[at..]) ^ wide).CopyTo(to[at..]);
        }

        var bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in mask));
        for (var at = whole; at < from.Length; at++)
        {
            to[at] = (byte)(from[at] ^ bytes[at & 3]);
        }
    }
}
