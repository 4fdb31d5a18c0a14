using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.WebSockets;

/// <summary>WebSockets that are streams of an HTTP/2 connection (RFC 8441).</summary>
public sealed class Http2Tests : IDisposable
{
    private const int Large = 4 * 1024 * 1024;

    private readonly Diary _diary = new();
    private readonly FakeTimeProvider _time = new();
    private readonly HttpMessageInvoker _invoker = new(new SocketsHttpHandler());

    public void Dispose() => _invoker.Dispose();

    private sealed class Echo(Diary diary) : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => text == "close" ? CloseAsync(4000, "as asked") : SendTextAsync(text);

        protected override Task ReceiveAsync(ReadOnlyMemory<byte> bytes) => SendBytesAsync(bytes);

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_in_fragments_and_one_larger_than_a_stream_s_window(bool compressed)
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server, compressed);
        var answer = client.Socket.HttpResponseHeaders!.TryGetValue("Sec-WebSocket-Extensions", out var values) ? values.Single() : "";
        Assert.Equal(compressed, answer.Contains("permessage-deflate", StringComparison.Ordinal));
        foreach (var part in new[] { "one ", "", "two ", "three" })
        {
            await client.SendAsync(Encoding.UTF8.GetBytes(part), endOfMessage: part == "three");
        }

        Assert.Equal("one two three", await client.ReceiveAsync());

        var large = new byte[Large];
        new Random(1).NextBytes(large);
        await client.SendAsync(large);
        var received = new byte[Large];
        for (var length = 0; length < Large;)
        {
            var part = await client.Socket.ReceiveAsync(received.AsMemory(length), CancellationToken.None).AsTask().WaitAsync(TestServer.Patience);
            length += part.Count;
            Assert.Equal(length == Large, part.EndOfMessage);
        }

        Assert.True(large.AsSpan().SequenceEqual(received));
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Each_WebSocket_of_a_connection_ends_in_its_own_way()
    {
        await using var server = await StartAsync();
        using var closes = await ConnectAsync(server);
        using var asked = await ConnectAsync(server);
        using var breaks = await ConnectAsync(server);
        using var stays = await ConnectAsync(server);

        await closes.CloseAsync(3001);
        Assert.Equal("disconnect 3001", await _diary.NextAsync());
        await asked.SendAsync("close");
        Assert.Equal("close 4000 as asked", await asked.ReceiveAsync());
        await asked.CloseAsync(4000);
        Assert.Equal("disconnect 4000", await _diary.NextAsync());
        breaks.Abort();
        Assert.Equal("disconnect 1006", await _diary.NextAsync());

        await stays.SendAsync("still there");
        Assert.Equal("still there", await stays.ReceiveAsync());
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_message_that_is_too_large_closes_with_1009()
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server);
        await client.SendAsync(new byte[Large + 1]);
        Assert.StartsWith("close 1009", await client.ReceiveAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_answers_no_ping_is_cut_off_and_the_others_of_its_connection_are_not()
    {
        await using var server = await StartAsync();
        using var silent = await ConnectAsync(server);
        using var alive = await ConnectAsync(server);
        for (var i = 0; i < 60; i++)
        {
            // Only who reads answers pings. The silent one does not.
            await alive.SendAsync($"{i}");
            Assert.Equal($"{i}", await alive.ReceiveAsync());
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("disconnect 1006", await _diary.NextAsync());
        await alive.SendAsync("still there");
        Assert.Equal("still there", await alive.ReceiveAsync());
        Assert.Empty(server.Errors);
    }

    private Task<TestServer> StartAsync() => TestServer.StartAsync(
        Consumer.For<Echo>(),
        services => services.AddSingleton(_diary).AddSingleton<TimeProvider>(_time).Configure<WebSocketConnectionOptions>(options =>
            (options.Compression, options.MaxMessageSize) = (true, Large)),
        listen => listen.Protocols = HttpProtocols.Http2);

    private async Task<WebSocketClient> ConnectAsync(TestServer server, bool compressed = false)
    {
        var client = await server.ConnectAsync(
            options: options =>
            {
                options.HttpVersion = HttpVersion.Version20;
                options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
                options.CollectHttpResponseDetails = true;
                options.DangerousDeflateOptions = compressed ? new WebSocketDeflateOptions() : null;
            },
            invoker: _invoker);

        // Once a message has come back its first deadline is set.
        await client.SendAsync("hello");
        Assert.Equal("hello", await client.ReceiveAsync());
        return client;
    }
}
