using System.Buffers;
using System.IO.Compression;
using ChannelsNet.WebSockets.Receiving;

namespace ChannelsNet.WebSockets.Compression;

/// <summary>
/// Inflates messages of clients (RFC 7692, 7.2.2), each by itself: the server always negotiates client_no_context_takeover, so that nothing of a message is
/// kept for the next one.
/// </summary>
internal static class MessageInflate
{
    private const int Smallest = 256;

    /// <summary>
    /// What is put behind a message: the end of its flush, which frames leave out, and an empty last block, since a message that was cut off does not get
    /// to that.
    /// </summary>
    public static ReadOnlySpan<byte> Tail => [0, 0, 0xFF, 0xFF, 1, 0, 0, 0xFF, 0xFF];

    /// <summary>How long a message of some length can be when it is compressed, at the worst; zlib's deflateBound has it so.</summary>
    public static int LongestCompressed(int length) =>
        (int)Math.Min((long)length + (length >> 3) + (length >> 6) + Smallest, Array.MaxLength - Tail.Length);

    /// <summary>Inflates a message.</summary>
    /// <param name="compressed">The message, with <see cref="Tail"/> behind it.</param>
    /// <param name="count">How many bytes that is.</param>
    /// <param name="limit">How many bytes may come out; at the first that is too many this stops.</param>
    /// <param name="length">How many bytes have come out.</param>
    /// <returns>What has come out, in an array of the shared pool that is now the caller's.</returns>
    /// <exception cref="ClientFaultException">There is more in it than the limit, or it is not compressed so.</exception>
    public static byte[] Inflate(byte[] compressed, int count, int limit, out int length)
    {
        using var input = new Input(compressed, count);
        using var inflate = new DeflateStream(input, CompressionMode.Decompress, leaveOpen: true);
        var output = ArrayPool<byte>.Shared.Rent((int)Math.Min(limit, Math.Max(Smallest, 4L * count)));
        var isWhole = false;
        try
        {
            length = Read(inflate, ref output, limit);
            isWhole = !input.IsExhausted;
            return isWhole ? output : throw Invalid();
        }
        catch (InvalidDataException)
        {
            throw Invalid();
        }
        finally
        {
            if (!isWhole)
            {
                ArrayPool<byte>.Shared.Return(output);
            }
        }
    }

    private static int Read(DeflateStream inflate, ref byte[] output, int limit)
    {
        var length = 0;
        while (length < limit)
        {
            if (length == output.Length)
            {
                Grow(ref output);
            }

            var more = inflate.Read(output.AsSpan(length, Math.Min(output.Length, limit) - length));
            if (more == 0)
            {
                return length;
            }

            length += more;
        }

        return inflate.ReadByte() < 0 ? length : throw new ClientFaultException(CloseCodes.TooLarge, $"A message may have {limit} bytes.");
    }

    private static void Grow(ref byte[] output)
    {
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(2L * output.Length, Array.MaxLength));
        output.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(output);
        output = larger;
    }

    private static ClientFaultException Invalid() => new(CloseCodes.InvalidPayload, "A message is not compressed as RFC 7692 has it.");

    /// <summary>Knows whether all of it was too little.</summary>
    private sealed class Input(byte[] bytes, int count) : MemoryStream(bytes, 0, count, writable: false)
    {
        public bool IsExhausted { get; private set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = base.Read(buffer, offset, count);
            IsExhausted |= read == 0;
            return read;
        }
    }
}
