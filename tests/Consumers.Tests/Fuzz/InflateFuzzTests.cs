using System.IO.Compression;
using ChannelsNet.Support;
using ChannelsNet.WebSockets.Compression;
using ChannelsNet.WebSockets.Receiving;
using CsCheck;

namespace ChannelsNet.Fuzz;

public sealed class InflateFuzzTests
{
    private const int Limit = 1000;

    [Fact]
    public void What_was_compressed_comes_back_unless_it_is_too_long() =>
        Gen.Select(Gen.Byte[0, 4].Array[1, 1200], Gen.OneOf(CompressionLevel.Fastest, CompressionLevel.SmallestSize, CompressionLevel.NoCompression)).Sample(
            (bytes, level) =>
            {
                var inflated = TryInflate(Deflate(bytes, level), out var code);
                return bytes.Length <= Limit ? inflated?.AsSpan().SequenceEqual(bytes) == true : (inflated, code) == (null, CloseCodes.TooLarge);
            },
            iter: Fuzzing.Cases(2000));

    [Fact]
    public void Anything_else_gives_at_most_the_limit_or_a_fault_of_the_client() =>
        Gen.OneOf<byte[]>(
            Gen.Byte.Array[0, 100],
            Gen.Select(Gen.Byte[0, 4].Array[1, 1200], Gen.Int[0, 1000], Gen.Byte, (bytes, where, change) =>
            {
                var deflated = Deflate(bytes, CompressionLevel.Fastest);
                deflated[where % deflated.Length] ^= change;
                return deflated;
            })).Sample(
            bytes => TryInflate(bytes, out var code) is { } inflated ? inflated.Length <= Limit : code is CloseCodes.TooLarge or CloseCodes.InvalidPayload,
            iter: Fuzzing.Cases(5000));

    private static byte[] Deflate(byte[] bytes, CompressionLevel level)
    {
        using var output = new MemoryStream();
        using (var deflate = new DeflateStream(output, level, leaveOpen: true))
        {
            deflate.Write(bytes);
            deflate.Flush();
        }

        return output.ToArray();
    }

    private static byte[]? TryInflate(byte[] compressed, out int code)
    {
        code = 0;
        byte[] withTail = [.. compressed, .. MessageInflate.Tail];
        try
        {
            var output = MessageInflate.Inflate(withTail, withTail.Length, Limit, out var length);
            return output[..length];
        }
        catch (ClientFaultException fault)
        {
            code = fault.Code;
            return null;
        }
    }
}
