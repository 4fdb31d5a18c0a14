using System.Buffers;
using System.IO.Compression;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ChannelsNet.Messages;
using ChannelsNet.WebSockets.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.WebSockets;

/// <summary>However many clients a message goes to, it is written once.</summary>
public sealed class SentOnceTests
{
    private const int Subscribers = 50;

    private sealed class Listens : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            await SendTextAsync("welcome");
        }

        public Task HandleAsync(Note message) => message.Text switch
        {
            "forward json" => ForwardJsonAsync(message),
            "forward msgpack" => ForwardMessagePackAsync(message),
            _ => SendJsonAsync(message),
        };
    }

    private sealed class CountingConverter : JsonConverter<Note>
    {
        private int _writes;

        public int Writes => _writes;

        public override Note Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, Note value, JsonSerializerOptions options)
        {
            Interlocked.Increment(ref _writes);
            writer.WriteStringValue(value.Text);
        }
    }

    [Fact]
    public async Task A_message_that_fifty_consumers_send_as_json_is_written_once()
    {
        var counting = new CountingConverter();
        await using var server = await TestServer.StartAsync(
            Consumer.For<Listens>(), services => services.ConfigureHttpJsonOptions(options => options.SerializerOptions.Converters.Add(counting)));
        var clients = await ConnectAsync(server, Subscribers);
        for (var i = 1; i <= 3; i++)
        {
            await server.Layer.GroupSendAsync("room", new Note($"{i}"));
            foreach (var client in clients)
            {
                Assert.Equal($"\"{i}\"", await client.ReceiveAsync());
            }

            Assert.Equal(i, counting.Writes);
        }

        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task A_message_can_be_forwarded_as_it_is_between_processes()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Listens>());
        using var client = (await ConnectAsync(server, 1))[0];
        await server.Layer.GroupSendAsync("room", new Note("forward json"));
        Assert.Equal(Wire("json", "forward json"), Encoding.UTF8.GetBytes(await client.ReceiveAsync()));
        await server.Layer.GroupSendAsync("room", new Note("forward msgpack"));
        var buffer = new byte[1000];
        var received = await client.Socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).AsTask().WaitAsync(TestServer.Patience);
        Assert.Equal(WebSocketMessageType.Binary, received.MessageType);
        Assert.Equal(Wire("msgpack", "forward msgpack"), buffer[..received.Count]);

        // A flat map of two entries, the first of which is "type".
        Assert.Equal((byte[])[0x82, 0xA4, .. "type"u8, 0xA9, .. "test.note"u8], buffer[..16]);

        byte[] Wire(string format, string text)
        {
            var output = new ArrayBufferWriter<byte>();
            server.App.Services.GetRequiredKeyedService<IMessageSerializer>(format).Serialize(new Note(text), default, output);
            return output.WrittenSpan.ToArray();
        }
    }

    private sealed class Views
    {
        private static int _made;

        public static int Made => _made;

        public static object Of(Note note) => new { Text = $"{note.Text}!", Made = Interlocked.Increment(ref _made) };
    }

    private sealed class SendsViews : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        public async Task HandleAsync(Note message)
        {
            var user = Scope.Query["user"].ToString();
            await SendJsonAsync(message, Views.Of);
            await SendJsonAsync(message, static note => new { note.Text.Length });
            await SendJsonAsync(message, note => new { note.Text, user });
        }
    }

    [Fact]
    public async Task A_view_of_a_message_is_made_once_unless_it_captures_something()
    {
        var inline = new InlineConsumer().Groups("room").On<Note>((socket, note) => socket.SendJsonAsync(note, static note => new { Inline = note.Text }));
        await using var server = await TestServer.StartAsync(
            app => app.MapChannels(new ProtocolTypeRouter { WebSocket = new UrlRouter { ["ws/"] = Consumer.For<SendsViews>(), ["inline/"] = inline } }));
        var clients = new List<WebSocketClient>();
        for (var i = 0; i < 10; i++)
        {
            clients.Add(await server.ConnectAsync($"/ws/?user={i}"));
        }

        using var inlineClient = await server.ConnectAsync("/inline/");
        await server.Layer.GroupSendAsync("room", new Note("hello"));
        for (var i = 0; i < clients.Count; i++)
        {
            Assert.Equal("""{"text":"hello!","made":1}""", await clients[i].ReceiveAsync());
            Assert.Equal("""{"length":5}""", await clients[i].ReceiveAsync());
            Assert.Equal($$"""{"text":"hello","user":"{{i}}"}""", await clients[i].ReceiveAsync());
            clients[i].Dispose();
        }

        Assert.Equal("""{"inline":"hello"}""", await inlineClient.ReceiveAsync());
        Assert.Equal(1, Views.Made);
    }

    private sealed class ForwardsBoth : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        public async Task HandleAsync(Note message)
        {
            await ForwardJsonAsync(message);
            await ForwardMessagePackAsync(message);
        }
    }

    [Fact]
    public async Task A_message_is_forwarded_as_text_and_as_bytes_though_one_serializer_writes_both()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<ForwardsBoth>(), services => services.AddChannels()
            .AddSerializer("msgpack", provider => provider.GetRequiredKeyedService<IMessageSerializer>("json")));
        using var client = await server.ConnectAsync();
        await server.Layer.GroupSendAsync("room", new Note("hello"));
        var buffer = new byte[1000];
        foreach (var expected in (WebSocketMessageType[])[WebSocketMessageType.Text, WebSocketMessageType.Binary])
        {
            var received = await client.Socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).AsTask().WaitAsync(TestServer.Patience);
            Assert.Equal(expected, received.MessageType);
        }
    }

    [Fact]
    public void A_compressed_frame_is_made_once_and_only_for_those_who_can_read_it()
    {
        var send = WebSocketSend.Text(string.Concat(Enumerable.Repeat("again and ", 100)));
        var plain = send.FrameFor(0);
        var compressed = send.FrameFor(CompressionAgreement.FullWindow);
        Assert.Same(plain, send.FrameFor(0));
        Assert.Same(compressed, send.FrameFor(CompressionAgreement.FullWindow));
        Assert.Equal([0x81, 126, 1000 >> 8, 1000 & 0xFF], plain[..4]);
        Assert.Equal(0xC1, compressed[0]);
        Assert.InRange(compressed.Length, 3, 100);
        Assert.Same(compressed, send.FrameFor(1024));
        Assert.Same(plain, send.FrameFor(512));

        using var inflate = new DeflateStream(new MemoryStream([.. compressed[2..], 0, 0, 0xFF, 0xFF]), CompressionMode.Decompress);
        var text = new byte[1000];
        inflate.ReadExactly(text);
        Assert.Equal(send.Payload.ToArray(), text);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("random")]
    public void What_would_not_become_shorter_is_not_compressed(string kind)
    {
        var bytes = new byte[kind == "short" ? 20 : 10_000];
        if (kind == "random")
        {
            new Random(1).NextBytes(bytes);
        }

        var send = WebSocketSend.Bytes(bytes);
        Assert.Same(send.FrameFor(0), send.FrameFor(CompressionAgreement.FullWindow));
    }

    private sealed class Echo : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);
    }

    public static TheoryData<int?> Windows => [null, 9, 10, 15];

    [Theory]
    [MemberData(nameof(Windows))]
    public async Task A_client_that_offers_compression_understands_messages_of_every_length(int? bits)
    {
        await using var server = await StartCompressingAsync();
        using var client = await server.ConnectAsync(options: options =>
        {
            options.CollectHttpResponseDetails = true;
            options.DangerousDeflateOptions = new WebSocketDeflateOptions { ServerMaxWindowBits = bits ?? 15 };
        });
        var answer = client.Socket.HttpResponseHeaders!["Sec-WebSocket-Extensions"].Single();
        Assert.Contains("permessage-deflate", answer, StringComparison.Ordinal);
        Assert.Contains("server_no_context_takeover", answer, StringComparison.Ordinal);
        foreach (var length in new[] { 0, 1, 63, 64, 100, 511, 512, 513, 1023, 1024, 1025, 32_767, 32_768, 32_769, 100_000 })
        {
            foreach (var text in new[] { new string('x', length), Varied(length) })
            {
                await client.SendAsync(text);
                Assert.Equal(text, await client.ReceiveAsync());
            }
        }
    }

    [Theory]
    [InlineData("", 0x81, 0x81, 0x81)]
    [InlineData("permessage-deflate", 0x81, 0xC1, 0xC1)]
    [InlineData("permessage-deflate; server_max_window_bits=9", 0x81, 0xC1, 0x81)]
    public async Task Only_what_a_client_can_read_and_is_worth_it_is_compressed(string extensions, byte tiny, byte small, byte large)
    {
        await using var server = await StartCompressingAsync();
        using var client = await RawClient.ConnectAsync(
            server, headers: extensions.Length > 0 ? $"Sec-WebSocket-Extensions: {extensions}\r\n" : "");
        Assert.Equal(extensions.Length > 0, client.Answer.Contains("permessage-deflate", StringComparison.Ordinal));
        foreach (var (length, first) in new[] { (20, tiny), (500, small), (2000, large) })
        {
            await client.WriteFrameAsync(0x81, new string('x', length));
            Assert.Equal(first, (await client.ReadFrameAsync()).Head[0]);
        }
    }

    [Fact]
    public async Task Clients_with_and_without_compression_get_the_same_messages()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Listens>(), Compress);
        using var compressing = await server.ConnectAsync(options: options => options.DangerousDeflateOptions = new WebSocketDeflateOptions());
        using var narrow = await server.ConnectAsync(
            options: options => options.DangerousDeflateOptions = new WebSocketDeflateOptions { ServerMaxWindowBits = 9 });
        using var plain = await server.ConnectAsync();
        var clients = new[] { compressing, narrow, plain };
        foreach (var client in clients)
        {
            Assert.Equal("welcome", await client.ReceiveAsync());
        }

        foreach (var length in new[] { 1, 300, 5000, 300, 1 })
        {
            await server.Layer.GroupSendAsync("room", new Note(Varied(length)));
            foreach (var client in clients)
            {
                Assert.Equal($$"""{"text":"{{Varied(length)}}"}""", await client.ReceiveAsync());
            }
        }
    }

    [Fact]
    public async Task The_limit_of_a_message_counts_it_as_it_is_when_it_is_no_longer_compressed()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>(), services => services.Configure<WebSocketConnectionOptions>(options =>
            (options.Compression, options.MaxMessageSize) = (true, 10_000)));
        using var client = await server.ConnectAsync(options: options => options.DangerousDeflateOptions = new WebSocketDeflateOptions());
        await client.SendAsync(new string('x', 10_000));
        Assert.Equal(new string('x', 10_000), await client.ReceiveAsync());
        await client.SendAsync(new string('x', 10_000_000));
        Assert.StartsWith("close 1009", await client.ReceiveAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_compressed_unless_the_host_says_so()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>());
        using var client = await RawClient.ConnectAsync(server, headers: "Sec-WebSocket-Extensions: permessage-deflate\r\n");
        Assert.DoesNotContain("permessage-deflate", client.Answer, StringComparison.Ordinal);
        await client.WriteFrameAsync(0x81, new string('x', 2000));
        Assert.Equal(0x81, (await client.ReadFrameAsync()).Head[0]);
    }

    private static string Varied(int length)
    {
        var random = new Random(length);
        return string.Create(length, random, static (span, random) => random.GetItems("abcdefgh", span));
    }

    private static Task<TestServer> StartCompressingAsync() => TestServer.StartAsync(Consumer.For<Echo>(), Compress);

    private static void Compress(IServiceCollection services) =>
        services.Configure<WebSocketConnectionOptions>(options => options.Compression = true);

    private static async Task<List<WebSocketClient>> ConnectAsync(TestServer server, int count)
    {
        var clients = new List<WebSocketClient>();
        for (var i = 0; i < count; i++)
        {
            clients.Add(await server.ConnectAsync());
            Assert.Equal("welcome", await clients[i].ReceiveAsync());
        }

        return clients;
    }
}
