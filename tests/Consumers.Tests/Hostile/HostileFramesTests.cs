using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Hostile;

/// <summary>What a client may not send: each has a limit, a close code, and a reason that is counted; and nobody else notices.</summary>
public sealed class HostileFramesTests
{
    private const int MaxMessageSize = 10_000;

    private static readonly Dictionary<string, byte[]> _attacks = new()
    {
        ["frame that is not masked"] = [0x81, 1, (byte)'x'],
        ["reserved bit"] = RawClient.Frame(0xA1, "x"u8.ToArray()),
        ["reserved kind of frame"] = RawClient.Frame(0x83, "x"u8.ToArray()),
        ["ping in fragments"] = RawClient.Frame(0x09, "x"u8.ToArray()),
        ["ping of 126 bytes"] = RawClient.Frame(0x89, new byte[126]),
        ["continuation of nothing"] = RawClient.Frame(0x80, "x"u8.ToArray()),
        ["message within a message"] = [.. RawClient.Frame(0x01, "x"u8.ToArray()), .. RawClient.Frame(0x81, "x"u8.ToArray())],
        ["close with half a code"] = RawClient.Frame(0x88, [3]),
        ["close with the code 1005"] = RawClient.Frame(0x88, [0x03, 0xED]),
        ["length with its first bit set"] = [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
        ["text that is no UTF-8"] = RawClient.Frame(0x81, [0xC0, 0x80]),
        ["half a surrogate, before the message has ended"] = RawClient.Frame(0x01, [0xED, 0xA0, 0x80]),
        ["length of eight exabytes"] = [0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4],
        ["fragments without an end"] = Repeat(RawClient.Frame(0x00, new byte[100]), first: RawClient.Frame(0x02, new byte[100]), MaxMessageSize / 100),
        ["empty fragments without an end"] = Repeat(RawClient.Frame(0x00, []), first: RawClient.Frame(0x01, []), MaxMessageSize),
        ["compressed bomb"] = Large(0xC2, Bomb(100_000_000)),
        ["what was never compressed"] = RawClient.Frame(0xC2, [0xFF, 0xFF, 0xFF, 0xFF]),
    };

    private readonly Refused _refused = new();

    private sealed class Echo : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);
    }

    [Theory]
    [InlineData("frame that is not masked", 1002, "protocol_error")]
    [InlineData("reserved bit", 1002, "protocol_error")]
    [InlineData("reserved kind of frame", 1002, "protocol_error")]
    [InlineData("ping in fragments", 1002, "protocol_error")]
    [InlineData("ping of 126 bytes", 1002, "protocol_error")]
    [InlineData("continuation of nothing", 1002, "protocol_error")]
    [InlineData("message within a message", 1002, "protocol_error")]
    [InlineData("close with half a code", 1002, "protocol_error")]
    [InlineData("close with the code 1005", 1002, "protocol_error")]
    [InlineData("length with its first bit set", 1002, "protocol_error")]
    [InlineData("text that is no UTF-8", 1007, "invalid_payload")]
    [InlineData("half a surrogate, before the message has ended", 1007, "invalid_payload")]
    [InlineData("length of eight exabytes", 1009, "max_message_size")]
    [InlineData("fragments without an end", 1009, "max_message_size")]
    [InlineData("empty fragments without an end", 1009, "max_message_size")]
    [InlineData("compressed bomb", 1009, "max_message_size")]
    [InlineData("what was never compressed", 1007, "invalid_payload")]
    public async Task It_is_closed_and_counted_and_the_others_go_on(string attack, int code, string reason)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>(), services =>
        {
            _refused.Attach(services);
            services.Configure<WebSocketConnectionOptions>(options => (options.MaxMessageSize, options.Compression) = (MaxMessageSize, true));
        });
        using var other = await server.ConnectAsync();
        using var client = await RawClient.ConnectAsync(server, headers: "Sec-WebSocket-Extensions: permessage-deflate\r\n");
        await client.WriteAsync(_attacks[attack]);
        Assert.StartsWith($"close {code} ", await client.NextAsync(), StringComparison.Ordinal);
        Assert.Equal([$"{reason} at /ws/"], _refused.Counts);
        Assert.Single(_refused.Lines);
        await other.SendAsync("still here");
        Assert.Equal("still here", await other.ReceiveAsync());
        Assert.Empty(server.Errors);
    }

    private static byte[] Repeat(byte[] frame, byte[] first, int times) => [.. first, .. Enumerable.Repeat(frame, times).SelectMany(bytes => bytes)];

    private static byte[] Bomb(int length)
    {
        using var bytes = new MemoryStream();
        using (var deflate = new DeflateStream(bytes, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            var zeros = new byte[1_000_000];
            for (var i = 0; i < length / zeros.Length; i++)
            {
                deflate.Write(zeros);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>A frame of any length, masked with zeros.</summary>
    private static byte[] Large(byte first, byte[] payload)
    {
        var head = new byte[14];
        (head[0], head[1]) = (first, 0xFF);
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(2), (ulong)payload.Length);
        return [.. head, .. payload];
    }
}
