using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.WebSockets;

/// <summary>What is on the wire (RFC 6455, 5 and 7), byte by byte.</summary>
public sealed class FramingTests
{
    private sealed class Echo : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);

        protected override Task ReceiveAsync(ReadOnlyMemory<byte> bytes) => SendBytesAsync(bytes);
    }

    private sealed class SendsBytes : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendBytesAsync(new byte[int.Parse(text, CultureInfo.InvariantCulture)]);
    }

    [Theory]
    [InlineData(0, new byte[] { 0x82, 0 })]
    [InlineData(1, new byte[] { 0x82, 1 })]
    [InlineData(125, new byte[] { 0x82, 125 })]
    [InlineData(126, new byte[] { 0x82, 126, 0, 126 })]
    [InlineData(65_535, new byte[] { 0x82, 126, 0xFF, 0xFF })]
    [InlineData(65_536, new byte[] { 0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0 })]
    public async Task A_message_is_one_unmasked_frame_with_the_shortest_length_that_holds_it(int length, byte[] expected)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<SendsBytes>());
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteFrameAsync(0x81, $"{length}");
        var (head, payload) = await client.ReadFrameAsync();
        Assert.Equal(expected, head);
        Assert.Equal(new byte[length], payload);
    }

    [Theory]
    [InlineData("")]
    [InlineData("häh 😀")]
    public async Task A_text_is_a_text_frame(string text)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>());
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteFrameAsync(0x81, text);
        var (head, payload) = await client.ReadFrameAsync();
        Assert.Equal([0x81, (byte)payload.Length], head);
        Assert.Equal(text, Encoding.UTF8.GetString(payload));
    }

    [Fact]
    public async Task A_ping_between_fragments_is_answered_before_the_message_is()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>());
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteFrameAsync(0x01, "one ");
        await client.WriteFrameAsync(0x89, "are you there?");
        Assert.Equal("pong are you there?", await client.NextAsync());
        await client.WriteFrameAsync(0x00, "two ");
        await client.WriteFrameAsync(0x8A, "a pong that nobody asked for");
        await client.WriteFrameAsync(0x80, "three");
        Assert.Equal("text one two three", await client.NextAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(125)]
    public async Task A_pong_has_the_payload_of_its_ping(int length)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>());
        using var client = await RawClient.ConnectAsync(server);
        var sent = Enumerable.Range(0, length).Select(i => (byte)i).ToArray();
        await client.WriteFrameAsync(0x89, sent);
        var (head, payload) = await client.ReadFrameAsync();
        Assert.Equal([0x8A, (byte)length], head);
        Assert.Equal(sent, payload);
    }

    [Fact]
    public async Task Pings_that_come_together_are_all_answered()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>());
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteAsync([.. Enumerable.Range(0, 10).SelectMany(i => RawClient.Frame(0x89, Encoding.UTF8.GetBytes($"{i}")))]);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal($"pong {i}", await client.NextAsync());
        }
    }

    public static TheoryData<string, byte[]> Faults => new()
    {
        { "a ping of 126 bytes", RawClient.Frame(0x89, new byte[126]) },
        { "a frame that is not masked", [0x81, 5, .. "hello"u8] },
        { "the first reserved bit, without compression", RawClient.Frame(0xC1, []) },
        { "the second reserved bit", RawClient.Frame(0xA1, []) },
        { "the third reserved bit", RawClient.Frame(0x91, []) },
        { "an unknown opcode", RawClient.Frame(0x83, []) },
        { "an unknown control opcode", RawClient.Frame(0x8B, []) },
        { "a control frame in fragments", RawClient.Frame(0x09, []) },
        { "a continuation of nothing", RawClient.Frame(0x80, []) },
        { "a message within a message", [.. RawClient.Frame(0x01, []), .. RawClient.Frame(0x81, [])] },
        { "a close code of one byte", RawClient.Frame(0x88, [3]) },
        { "a close code that only stands for none", RawClient.Frame(0x88, [1005 >> 8, 1005 & 0xFF]) },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_of_the_client_closes_with_1002(string fault, byte[] bytes)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>());
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteAsync(bytes);
        Assert.True((await client.NextAsync())?.StartsWith("close 1002 ", StringComparison.Ordinal), fault);
        Assert.Empty(await client.ReadToEndAsync());
        Assert.Empty(server.Errors);
    }

    public static TheoryData<string, byte[][]> Texts => new()
    {
        { "close 1007", [[0xC3, 0x28]] },
        { "close 1007", [[(byte)'a', 0xFF]] },
        { "close 1007", [[0xE2, 0x82]] },
        { "close 1007", [[0xED, 0xA0, 0x80]] },
        { "close 1007", [[(byte)'a'], [0xC3], [0x28]] },
        { "close 1007", [[0xE2], [0x82]] },
        { "text €", [[0xE2], [0x82, 0xAC]] },
        { "text 😀", [[0xF0], [0x9F, 0x98], [], [0x80]] },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task A_text_that_is_no_UTF_8_closes_with_1007_and_a_character_may_stand_in_several_fragments(string expected, byte[][] fragments)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>());
        using var client = await RawClient.ConnectAsync(server);
        for (var i = 0; i < fragments.Length; i++)
        {
            await client.WriteFrameAsync((byte)((i == 0 ? 1 : 0) | (i == fragments.Length - 1 ? 0x80 : 0)), fragments[i]);
        }

        Assert.StartsWith(expected, await client.NextAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0xC3, 0x28 })]
    [InlineData(new byte[] { 0xF4, 0x90 })]
    [InlineData(new byte[] { (byte)'a', 0xFF })]
    public async Task A_text_that_can_t_become_UTF_8_any_more_is_refused_before_the_rest_of_its_frame_has_come(byte[] beginning)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>());
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteAsync(RawClient.Frame(0x81, [.. beginning, .. new byte[100]])[..^100]);
        Assert.StartsWith("close 1007", await client.NextAsync(), StringComparison.Ordinal);
        Assert.Empty(await client.ReadToEndAsync());
    }

    private sealed class SaysMuchAndCloses : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            for (var i = 0; i < 200; i++)
            {
                await SendTextAsync($"{i} {new string('x', 1000)}");
            }

            await CloseAsync(4001, "that was all");
            await SendTextAsync("more");
        }
    }

    [Fact]
    public async Task The_close_frame_comes_behind_all_that_was_sent_before_it_and_nothing_behind_it()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<SaysMuchAndCloses>());
        using var client = await RawClient.ConnectAsync(server);
        for (var i = 0; i < 200; i++)
        {
            Assert.StartsWith($"text {i} ", await client.NextAsync(), StringComparison.Ordinal);
        }

        Assert.Equal("close 4001 that was all", await client.NextAsync());
        await client.WriteFrameAsync(0x89, "still there?");
        await client.WriteFrameAsync(0x88, [4001 >> 8, 4001 & 0xFF]);
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(1011)]
    [InlineData(3000)]
    [InlineData(4999)]
    public async Task A_close_is_answered_with_its_code(int code)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>());
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteFrameAsync(0x88, [(byte)(code >> 8), (byte)code, .. "bye"u8]);
        Assert.Equal($"close {code}", await client.NextAsync());
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_close_right_behind_a_message_that_is_too_large_ends_the_connection_at_once()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>(), services => services.Configure<WebSocketConnectionOptions>(options =>
            (options.MaxMessageSize, options.CloseTimeout) = (10, TimeSpan.FromHours(1))));
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteAsync([.. RawClient.Frame(0x81, new byte[11]), .. RawClient.Frame(0x88, [])]);
        Assert.StartsWith("close 1009", await client.NextAsync(), StringComparison.Ordinal);
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_close_without_a_code_is_answered_as_a_normal_end()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>());
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteFrameAsync(0x88, []);
        Assert.Equal("close 1000", await client.NextAsync());
        Assert.Empty(await client.ReadToEndAsync());
    }

    private sealed class Notes(Diary diary) : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text)
        {
            diary.Note(text);
            return SendTextAsync(text);
        }
    }

    [Fact]
    public async Task Pings_whose_pongs_nobody_reads_are_answered_by_few_pongs_and_the_last_one_is()
    {
        const int Pings = 20_000;
        var diary = new Diary();
        await using var server = await TestServer.StartAsync(Consumer.For<Notes>(), services => TestServer.SendLittle(services.AddSingleton(diary)));
        using var client = await RawClient.ConnectAsync(server, takesLittle: true);
        for (var i = 1; i <= Pings; i++)
        {
            await client.WriteFrameAsync(0x89, $"{i:000000} {new string('x', 100)}");
        }

        await client.WriteFrameAsync(0x81, "that was the last");
        Assert.Equal("that was the last", await diary.NextAsync());

        var pongs = new List<string>();
        while (await client.NextAsync() is var next && next != "text that was the last")
        {
            pongs.Add(next);
        }

        Assert.InRange(pongs.Count, 1, Pings / 10);
        Assert.Equal(pongs.Order(StringComparer.Ordinal).Distinct(), pongs);
        Assert.StartsWith($"pong {Pings:000000}", pongs[^1], StringComparison.Ordinal);
    }

    private sealed class ClosesWith : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => CloseAsync(4002, text);
    }

    public static TheoryData<string, string> Reasons => new()
    {
        { new string('x', 123), new string('x', 123) },
        { new string('x', 124), new string('x', 123) },
        { new string('ä', 62), new string('ä', 61) },
        { "x" + new string('ä', 62), "x" + new string('ä', 61) },
        { string.Concat(Enumerable.Repeat("😀", 31)), string.Concat(Enumerable.Repeat("😀", 30)) },
    };

    [Theory]
    [MemberData(nameof(Reasons))]
    public async Task A_reason_without_room_in_the_close_frame_is_cut_between_characters(string reason, string expected)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<ClosesWith>());
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteFrameAsync(0x81, reason);
        var (head, payload) = await client.ReadFrameAsync();
        Assert.Equal([0x88, (byte)payload.Length], head);
        Assert.InRange(payload.Length, 2, 125);
        Assert.Equal(Encoding.UTF8.GetBytes(expected), payload[2..]);
    }

    private sealed class Greets : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            await SendTextAsync("hello");
        }
    }

    [Fact]
    public async Task A_client_that_is_gone_before_it_is_answered_is_no_error()
    {
        var server = await TestServer.StartAsync(Consumer.For<Greets>());
        var address = new Uri(server.Address);
        var request = Encoding.ASCII.GetBytes(
            $"GET /ws/ HTTP/1.1\r\nHost: {address.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        for (var i = 0; i < 300; i++)
        {
            // Closing so resets the connection.
            using var client = new TcpClient { LingerState = new LingerOption(true, 0) };
            await client.ConnectAsync(address.Host, address.Port);
            await client.GetStream().WriteAsync(request);
        }

        using (var last = await RawClient.ConnectAsync(server))
        {
            Assert.Equal("text hello", await last.NextAsync());
        }

        await server.DisposeAsync();
        Assert.Empty(server.Errors);
    }
}
