using System.Buffers;
using System.IO.Compression;
using ChannelsNet.WebSockets.Receiving;

namespace ChannelsNet.WebSockets.Compression;

public sealed class MessageInflateTests
{
    private const int Limit = 1024 * 1024;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(Limit - 1)]
    [InlineData(Limit)]
    public void What_was_compressed_comes_out_as_it_was(int length)
    {
        var random = new byte[length];
        new Random(1).NextBytes(random);
        foreach (var bytes in new[] { new byte[length], random })
        {
            var compressed = Compress(bytes);
            Assert.InRange(compressed.Length, 0, MessageInflate.LongestCompressed(length));
            Assert.Equal(bytes, Inflate(compressed));
        }
    }

    [Theory]
    [InlineData(Limit + 1)]
    [InlineData(1000 * Limit)]
    public void A_message_that_would_become_too_large_is_inflated_no_further_than_the_limit(int length)
    {
        var bomb = Compress(new byte[length]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var fault = Assert.Throws<ClientFaultException>(() => Inflate(bomb));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(1009, fault.Code);

        // The arrays on the way to the limit, each twice the one before, and a copy of the bomb.
        Assert.InRange(allocated, 0, (2 * Limit) + (2 * bomb.Length) + 100_000);
    }

    [Theory]
    [InlineData("07", "a kind of block that there is not")]
    [InlineData("F248CD", "cut off")]
    [InlineData("000500FAFF4865", "cut off in a block that is not compressed")]
    [InlineData("000500FAFE48656C6C6F00", "a length that contradicts itself")]
    [InlineData("F200110000", "a reference to the message before it")]
    public void What_is_not_compressed_by_the_rules_is_refused(string message, string fault) =>
        Assert.True(Assert.Throws<ClientFaultException>(() => Inflate(Convert.FromHexString(message))).Code == 1007, fault);

    internal static byte[] Compress(byte[] bytes)
    {
        using var output = new MemoryStream();
        using var deflate = new DeflateStream(output, CompressionLevel.Fastest);
        deflate.Write(bytes);
        deflate.Flush();
        return bytes.Length == 0 ? [0] : output.ToArray()[..^4];
    }

    private static byte[] Inflate(byte[] message)
    {
        byte[] compressed = [.. message, .. MessageInflate.Tail];
        var inflated = MessageInflate.Inflate(compressed, compressed.Length, Limit, out var length);
        var bytes = inflated.AsSpan(0, length).ToArray();
        ArrayPool<byte>.Shared.Return(inflated);
        return bytes;
    }
}
