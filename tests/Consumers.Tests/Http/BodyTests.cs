using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Http;

/// <summary>The body of a request comes whole, and no larger than it may be.</summary>
public sealed class BodyTests
{
    private readonly Diary _diary = new();

    private sealed class Counts(Diary diary) : HttpConsumer
    {
        private ReadOnlyMemory<byte> _body;

        protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            _body = body;
            diary.Note($"handle {body.Length}");
            await RespondAsync(200, Encoding.UTF8.GetString(body.Span)[..Math.Min(body.Length, 10)]);
        }

        protected override Task DisconnectAsync()
        {
            diary.Note($"disconnect {_body.Length}");
            return Task.CompletedTask;
        }
    }

    // CH-195
    [Fact]
    public async Task A_body_in_chunks_is_handled_once_and_whole()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Counts>(), _diary);
        using var client = await RawRequest.SendAsync(server, "POST /http/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none \r\n");
        await client.WriteAsync("3\r\ntwo\r\n0\r\n\r\n");
        Assert.Equal("handle 7", await _diary.NextAsync());
        Assert.StartsWith("HTTP/1.1 200", await client.LineAsync(), StringComparison.Ordinal);
        Assert.Equal("disconnect 7", await _diary.NextAsync());
        Assert.True(_diary.IsEmpty);
        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_large_body_comes_whole(bool isChunked)
    {
        await using var server = await HttpServer.StartAsync(
            Consumer.For<Counts>().WithHttpOptions(options => options.MaxRequestBodySize = 3_000_000), _diary);
        using var client = new Client(server);
        using var answer = await client.SendAsync(
            HttpMethod.Put, content: new ByteArrayContent(new byte[3_000_000]), change: request => request.Headers.TransferEncodingChunked = isChunked);
        Assert.Equal(200, answer.Status);
        Assert.Equal("handle 3000000", await _diary.NextAsync());
        Assert.Equal("disconnect 3000000", await _diary.NextAsync());
    }

    [Theory]
    [InlineData(100, false, 200)]
    [InlineData(100, true, 200)]
    [InlineData(101, false, 413)]
    [InlineData(101, true, 413)]
    [InlineData(1_000_000, false, 413)]
    [InlineData(1_000_000, true, 413)]
    public async Task A_body_over_the_limit_is_refused_and_the_log_names_the_option(int length, bool isChunked, int status)
    {
        using var log = new WrittenLog();
        await using var server = await HttpServer.StartAsync(Consumer.For<Counts>(), services => services.AddSingleton(_diary)
            .AddLogging(logging => logging.AddProvider(log))
            .Configure<HttpConnectionOptions>(options => options.MaxRequestBodySize = 100));
        using var client = await RawRequest.SendAsync(server, string.Create(CultureInfo.InvariantCulture, $"POST /http/ HTTP/1.1\r\nHost: x\r\n{(isChunked ? "Transfer-Encoding: chunked" : $"Content-Length: {length}")}\r\n\r\n"));
        var sending = client.WriteAsync(isChunked ? $"{length:X}\r\n{new string('x', length)}\r\n0\r\n\r\n" : new string('x', length));
        Assert.StartsWith($"HTTP/1.1 {status} ", await client.LineAsync(), StringComparison.Ordinal);
        await sending.ContinueWith(_ => { }, TaskScheduler.Default);
        if (status == 200)
        {
            Assert.Equal("handle 100", await _diary.NextAsync());
            Assert.Equal("disconnect 100", await _diary.NextAsync());
            Assert.Empty(log.About("MaxRequestBodySize"));
        }
        else
        {
            Assert.Equal("disconnect 0", await _diary.NextAsync());
            Assert.Equal(
                ["Information: HTTP request /http/ has a body of more than HttpConnectionOptions.MaxRequestBodySize = 100 bytes and is refused with 413"],
                log.About("MaxRequestBodySize"));
        }

        Assert.True(_diary.IsEmpty);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_malformed_body_is_answered_400_and_not_handled()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Counts>(), _diary);
        using var client = await RawRequest.SendAsync(server, "POST /http/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", await client.LineAsync(), StringComparison.Ordinal);
        Assert.Equal("disconnect 0", await _diary.NextAsync());
        Assert.True(_diary.IsEmpty);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_client_that_leaves_before_its_body_is_whole_is_not_handled()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Counts>(), _diary);
        using (await RawRequest.SendAsync(server, "POST /http/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nbut not so many"))
        {
            // It leaves at once.
        }

        Assert.Equal("disconnect 0", await _diary.NextAsync());
        await server.App.StopAsync();
        Assert.True(_diary.IsEmpty);
        Assert.Empty(server.Errors);
    }
}

/// <summary>A request that is written and read by hand, so that a test can see and do what no library lets it.</summary>
internal sealed class RawRequest : IDisposable
{
    private readonly NetworkStream _stream;
    private readonly StreamReader _reader;

    private RawRequest(NetworkStream stream) => (_stream, _reader) = (stream, new StreamReader(stream));

    public static async Task<RawRequest> SendAsync(TestServer server, string text, bool takesLittle = false)
    {
        var uri = new Uri(server.Address);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (takesLittle)
        {
            socket.ReceiveBufferSize = 4 * 1024;
        }

        await socket.ConnectAsync(uri.Host, uri.Port).WaitAsync(TestServer.Patience);
        var client = new RawRequest(new NetworkStream(socket, ownsSocket: true));
        await client.WriteAsync(text);
        return client;
    }

    public Task WriteAsync(string text) => _stream.WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask().WaitAsync(TestServer.Patience);

    /// <summary>The next line; null at the end.</summary>
    public async Task<string?> LineAsync() => await _reader.ReadLineAsync().WaitAsync(TestServer.Patience);

    public void Dispose()
    {
        _reader.Dispose();
        _stream.Dispose();
    }
}
