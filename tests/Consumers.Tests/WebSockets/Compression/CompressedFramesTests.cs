using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.WebSockets.Compression;

/// <summary>What a client sends that compresses (RFC 7692), byte by byte.</summary>
public sealed class CompressedFramesTests
{
    private const int Limit = 10_000;

    private readonly Diary _diary = new();

    private sealed class Echo(Diary diary) : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);

        protected override Task ReceiveAsync(ReadOnlyMemory<byte> bytes) => SendBytesAsync(bytes);

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData("F248CDC9C90700", "Hello")]
    [InlineData("000500FAFF48656C6C6F00", "Hello")]
    [InlineData("F348CDC9C9070000", "Hello")]
    [InlineData("F248050000 00FFFF CAC9C90700", "Hello")]
    [InlineData("00", "")]
    [InlineData("", "")]
    public async Task The_examples_of_the_specification(string message, string expected)
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server);
        var bytes = Convert.FromHexString(message.Replace(" ", "", StringComparison.Ordinal));
        for (var i = 0; i < 2; i++)
        {
            await client.WriteFrameAsync(0xC1, bytes);
            Assert.Equal($"text {expected}".TrimEnd(), await client.NextAsync());
        }
    }

    [Fact]
    public async Task In_fragments_with_a_ping_and_empty_ones_between_them()
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server);
        await client.WriteFrameAsync(0x41, []);
        await client.WriteFrameAsync(0x00, [0xF2, 0x48, 0xCD]);
        await client.WriteFrameAsync(0x89, "between");
        await client.WriteFrameAsync(0x00, []);
        await client.WriteFrameAsync(0x80, [0xC9, 0xC9, 0x07, 0x00]);
        Assert.Equal("pong between", await client.NextAsync());
        Assert.Equal("text Hello", await client.NextAsync());
    }

    [Fact]
    public async Task Messages_that_are_not_compressed_may_come_too()
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server);
        foreach (var first in new byte[] { 0xC1, 0x81, 0xC1 })
        {
            await client.WriteFrameAsync(first, first == 0xC1 ? MessageInflateTests.Compress("plain or not"u8.ToArray()) : "plain or not"u8.ToArray());
            Assert.Equal("text plain or not", await client.NextAsync());
        }
    }

    public static TheoryData<string, byte[], int> Faults => new()
    {
        { "a ping says that it is compressed", RawClient.Frame(0xC9, [0]), 1002 },
        { "a close says that it is compressed", RawClient.Frame(0xC8, []), 1002 },
        { "a continuation says that it is compressed", [.. RawClient.Frame(0x41, [0xF2]), .. RawClient.Frame(0xC0, [0])], 1002 },
        { "the second reserved bit", RawClient.Frame(0xE1, [0]), 1002 },
        { "the third reserved bit", RawClient.Frame(0x92, [0]), 1002 },
        { "not compressed by the rules", RawClient.Frame(0xC2, [7]), 1007 },
        { "cut off", RawClient.Frame(0xC2, [0xF2, 0x48, 0xCD]), 1007 },
        { "no UTF-8", RawClient.Frame(0xC1, MessageInflateTests.Compress([0xC3, 0x28])), 1007 },
        { "too large", RawClient.Frame(0xC1, MessageInflateTests.Compress(new byte[Limit + 1])), 1009 },
        { "much too large", RawClient.Frame(0xC1, MessageInflateTests.Compress(new byte[10_000_000])), 1009 },
        { "longer than what may come out can be", RawClient.Frame(0xC1, new byte[MessageInflate.LongestCompressed(Limit) + 1]), 1009 },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_of_the_client_is_told(string fault, byte[] bytes, int code)
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server);
        await client.WriteAsync([.. bytes, .. RawClient.Frame(0x88, [])]);
        Assert.True((await client.NextAsync()).StartsWith($"close {code} ", StringComparison.Ordinal), fault);
        Assert.Empty(await client.ReadToEndAsync());
        Assert.Equal($"disconnect {code}", await _diary.NextAsync());
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task The_limit_is_for_what_comes_out_also_where_compression_has_made_it_longer()
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server);
        var bytes = new byte[Limit];
        new Random(1).NextBytes(bytes);
        var compressed = MessageInflateTests.Compress(bytes);
        Assert.True(compressed.Length > Limit);
        await client.WriteFrameAsync(0xC2, compressed);
        Assert.Equal(bytes, (await client.ReadFrameAsync()).Payload);
    }

    [Fact]
    public async Task A_close_without_a_code_is_1005_to_the_consumer()
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server);
        await client.WriteFrameAsync(0x88, []);
        Assert.Equal("close 1000", await client.NextAsync());
        Assert.Equal("disconnect 1005", await _diary.NextAsync());
    }

    private Task<TestServer> StartAsync() => TestServer.StartAsync(Consumer.For<Echo>(), services =>
        services.AddSingleton(_diary).Configure<WebSocketConnectionOptions>(options =>
        {
            options.Compression = true;
            options.MaxMessageSize = Limit;

            // Nothing here is to end by a time-out.
            options.CloseTimeout = TimeSpan.FromHours(1);
        }));

    private static async Task<RawClient> ConnectAsync(TestServer server)
    {
        var client = await RawClient.ConnectAsync(server, headers: "Sec-WebSocket-Extensions: permessage-deflate\r\n");
        Assert.Contains("; client_no_context_takeover", client.Answer, StringComparison.Ordinal);
        return client;
    }
}
