using System.Text;
using ChannelsNet.Support;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Fuzz;

/// <summary>Random streams of frames, right and wrong ones, cut at random places, against a real server that echoes.</summary>
public sealed class FrameFuzzTests
{
    private const int MaxMessageSize = 300;

    private static readonly Gen<byte[]> _payload = Gen.OneOf<byte[]>(
        Gen.Byte.Array[0, 130], Gen.String.Select(Encoding.UTF8.GetBytes), Gen.OneOf("", "é", "😀", "日本").Select(Encoding.UTF8.GetBytes));

    private static readonly Gen<byte[]> _piece = Gen.Frequency<byte[]>(
        (6, Frame(Gen.Const<byte>(0x81))),
        (3, Frame(Gen.Const<byte>(0x82))),
        (4, Frame(Gen.OneOf<byte>(0x01, 0x02, 0x00, 0x00, 0x80))),
        (4, Gen.Select(Gen.OneOf("é😀", "日本語", "plain", "\uFEFF😀😀").Array[1, 3], Gen.Int[0, 40], Gen.Int[0, 40], Fragments)),
        (3, Frame(Gen.Const<byte>(0x89))),
        (1, Frame(Gen.OneOf<byte>(0x8A, 0x88))),
        (1, Gen.Int[900, 5100].Select(code => RawClient.Frame(0x88, [(byte)(code >> 8), (byte)code]))),
        (1, Frame(Gen.Byte)),
        (1, Gen.Byte.Array[0, 20]));

    private static readonly Gen<byte[]> _stream = Gen.Select(_piece.Array[0, 10], Gen.Int[0, 9], Gen.Int[0, 5000], Gen.Int[0, 7], Change);

    private sealed class Echo : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);

        protected override Task ReceiveAsync(ReadOnlyMemory<byte> bytes) => SendBytesAsync(bytes);
    }

    [Theory]
    [InlineData("8180AABBCCDD")]
    [InlineData("01820000000041C3" + "8081" + "00000000A9")]
    [InlineData("01810000000041" + "8800")]
    [InlineData("82FF7FFFFFFFFFFFFFFF00000000")]
    [InlineData("82FE012C00000000")]
    [InlineData("88820000000003ED")]
    public async Task What_was_interesting_once(string stream)
    {
        await using var server = await StartAsync();
        await CheckAsync(server, Convert.FromHexString(stream), [1]);
        await CheckAsync(server, Convert.FromHexString(stream), [1000]);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Every_stream_is_understood_as_the_protocol_says_wherever_it_is_cut()
    {
        await using var server = await StartAsync();
        await Gen.Select(_stream, Gen.OneOf<int>(Gen.Int[1, 9], Gen.Int[1, 200]).Array[1, 5]).SampleAsync(
            async (stream, cuts) => await CheckAsync(server, stream, cuts), iter: Fuzzing.Cases(3000), threads: 1);
        Assert.Empty(server.Errors);
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(
        Consumer.For<Echo>(), services => services.Configure<WebSocketConnectionOptions>(options => options.MaxMessageSize = MaxMessageSize));

    /// <summary>A text in three fragments, cut between any two bytes.</summary>
    private static byte[] Fragments(string[] texts, int one, int other)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(texts));
        var (first, second) = (Math.Min(one, other) % (bytes.Length + 1), Math.Max(one, other) % (bytes.Length + 1));
        (first, second) = (Math.Min(first, second), Math.Max(first, second));
        return [.. RawClient.Frame(0x01, bytes[..first]), .. RawClient.Frame(0x00, bytes[first..second]), .. RawClient.Frame(0x80, bytes[second..])];
    }

    private static Gen<byte[]> Frame(Gen<byte> first) => Gen.Select(first, _payload, RawClient.Frame);

    /// <summary>The pieces in a row; sometimes a bit is another, or the end is missing.</summary>
    private static byte[] Change(byte[][] pieces, int how, int where, int bit)
    {
        byte[] stream = [.. pieces.SelectMany(piece => piece)];
        switch (how)
        {
            case 0 when stream.Length > 0:
                stream[where % stream.Length] ^= (byte)(1 << bit);
                return stream;
            case 1 when stream.Length > 0:
                return stream[..(where % stream.Length)];
            default:
                return stream;
        }
    }

    private static async Task CheckAsync(TestServer server, byte[] stream, int[] cuts)
    {
        var model = new FrameModel(stream, MaxMessageSize);
        using var client = await RawClient.ConnectAsync(server);
        var heard = ReadAsync(client, messages: model is { IsCut: true, ClosedWith: null } ? model.Messages.Count : null);
        try
        {
            for (var (at, i) = (0, 0); at < stream.Length; i++)
            {
                var length = Math.Min(cuts[i % cuts.Length], stream.Length - at);
                await client.WriteAsync(stream[at..(at + length)]);
                at += length;
            }

            if (model is { ClosedWith: null, IsCut: false })
            {
                await client.WriteFrameAsync(0x88, [0x03, 0xE8]);
            }
        }
        catch (IOException)
        {
            // The server has closed, and takes no more.
        }

        var frames = await heard;
        var close = model.IsCut && model.ClosedWith is null ? null : $"close {model.ClosedWith ?? 1000}";
        var told = Convert.ToHexString(stream);
        Assert.True(close is null == !frames.Exists(frame => frame.StartsWith("close", StringComparison.Ordinal)), told);
        Assert.True(close is null || frames[^1] == close || frames[^1].StartsWith(close + " ", StringComparison.Ordinal), $"{told}: {frames.LastOrDefault()}");
        Assert.Equal(model.Messages, frames.Where(IsMessage));

        // Those that still wait when the connection ends may go.
        var pongs = frames.Where(frame => frame.StartsWith("pong", StringComparison.Ordinal)).ToList();
        Assert.Equal(model.Pongs.Take(pongs.Count), pongs);
        Assert.True(pongs.Count == model.Pongs.Count || close != "close 1000", told);
    }

    private static bool IsMessage(string frame) => frame.StartsWith("text", StringComparison.Ordinal) || frame.StartsWith("binary", StringComparison.Ordinal);

    /// <summary>All frames until the server has closed, which is answered; or until so many messages have come, from a server that waits for more.</summary>
    private static async Task<List<string>> ReadAsync(RawClient client, int? messages)
    {
        var frames = new List<string>();
        try
        {
            while (messages is { } count ? frames.Count(IsMessage) < count : frames.Count == 0 || !frames[^1].StartsWith("close", StringComparison.Ordinal))
            {
                frames.Add(await client.NextAsync());
            }

            if (messages is null)
            {
                await client.WriteFrameAsync(0x88, [0x03, 0xE8]);
            }
        }
        catch (IOException)
        {
        }

        return frames;
    }
}
