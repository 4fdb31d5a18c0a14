using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ChannelsNet.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Hostile;

/// <summary>
/// Clients that end their connection in the very moment in which the server's time for it is over. A timer that uses the request then ends the process, and this
/// test run with it.
/// </summary>
public sealed class DeadlineRaceTests
{
    private const int Clients = 60;
    private const int Rounds = 3;

    /// <summary>Kestrel ends a connection on which more streams are reset.</summary>
    private const int StreamsOfOneConnection = 10;

    private static readonly TimeSpan _deadline = TimeSpan.FromMilliseconds(300);

    /// <summary>A deadline is due up to three steps of the wheel late.</summary>
    private static readonly TimeSpan _spread = TimeSpan.FromMilliseconds(350);

    private sealed class Echo : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            if (Scope.Query["what"] == "never accept")
            {
                return;
            }

            await AcceptAsync();
        }

        protected override Task ReceiveAsync(string text) => text == "close" ? CloseAsync(4000) : SendTextAsync(text);
    }

    private sealed class Stream : HttpConsumer, IHandle<Note>
    {
        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => Scope.Query["what"] == "poll" ? Task.CompletedTask : StartEventsAsync();

        public Task HandleAsync(Note message) => SendEventAsync(message.Text);

        // Nothing is answered, so the time begins again.
        protected override Task TimeoutAsync() => Task.CompletedTask;
    }

    public static TheoryData<string, string> Attacks
    {
        get
        {
            var attacks = new TheoryData<string, string>();
            foreach (var end in new[] { "fin", "reset", "close frame" })
            {
                foreach (var what in new[] { "huge frame", "server close", "silence", "huge frame over TLS", "huge frame, compressed", "never accept" })
                {
                    attacks.Add(what, end);
                }
            }

            attacks.Add("poll", "reset");
            attacks.Add("events", "reset");
            attacks.Add("poll", "fin");
            attacks.Add("events", "fin");
            return attacks;
        }
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task A_client_that_leaves_as_its_deadline_passes_harms_nobody(string what, string end)
    {
        using var certificate = TestCertificate.Create();
        await using var server = await StartAsync(what.Contains("TLS", StringComparison.Ordinal) ? certificate : null);
        for (var round = 0; round < Rounds; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => AttackAsync(server, what, end, client, certificate)));
        }

        if (!what.Contains("TLS", StringComparison.Ordinal))
        {
            using var other = await server.ConnectAsync();
            await other.SendAsync("hello");
            Assert.Equal("hello", await other.ReceiveAsync());
        }

        Assert.Empty(server.Errors);
    }

    /// <summary>Over HTTP/2 the server gives the context of a stream that has ended to the next one.</summary>
    [Theory]
    [InlineData("silence")]
    [InlineData("server close")]
    public async Task A_stream_that_ends_as_its_deadline_passes_does_not_end_another(string what)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>(), Configure, listen => listen.Protocols = HttpProtocols.Http2);
        for (var round = 0; round < Rounds; round++)
        {
            using var invoker = new HttpMessageInvoker(new SocketsHttpHandler());
            using var other = await ConnectAsync(invoker);
            await Task.WhenAll(Enumerable.Range(0, StreamsOfOneConnection).Select(async client =>
            {
                using var socket = await ConnectAsync(invoker);
                if (what == "server close")
                {
                    await socket.SendAsync("close");
                }

                await Task.Delay(WhenToLeave(client * Clients / StreamsOfOneConnection));
                socket.Abort();
            }));
            await other.SendAsync("hello");
            Assert.Equal("hello", await other.ReceiveAsync());
        }

        Assert.Empty(server.Errors);

        Task<WebSocketClient> ConnectAsync(HttpMessageInvoker invoker) => server.ConnectAsync(
            options: options => (options.HttpVersion, options.HttpVersionPolicy) = (new Version(2, 0), HttpVersionPolicy.RequestVersionExact), invoker: invoker);
    }

    private static Task<TestServer> StartAsync(TestCertificate? certificate) => TestServer.StartAsync(
        app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter { ["ws/"] = Consumer.For<Echo>() },
            Http = new UrlRouter { ["http/"] = Consumer.For<Stream>() },
        }),
        Configure,
        certificate is null ? null : listen => listen.UseHttps(X509CertificateLoader.LoadPkcs12(
            X509Certificate2.CreateFromPemFile(certificate.CertificateFile, certificate.KeyFile).Export(X509ContentType.Pkcs12), null)));

    private static void Configure(IServiceCollection services) => services
        .Configure<WebSocketConnectionOptions>(options =>
        {
            options.MaxMessageSize = 1000;
            options.Compression = true;
            options.CloseTimeout = options.AcceptTimeout = options.PingInterval = options.PingTimeout = _deadline;
        })
        .Configure<HttpConnectionOptions>(options => options.LongPollTimeout = options.KeepAliveInterval = options.WriteTimeout = _deadline);

    private static TimeSpan WhenToLeave(int client) => _deadline + (_spread * (client / (double)Clients));

    private static async Task AttackAsync(TestServer server, string what, string end, int client, TestCertificate certificate)
    {
        var uri = new Uri(server.Address);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(uri.Host, uri.Port).WaitAsync(TestServer.Patience);
        System.IO.Stream stream = new NetworkStream(socket);
        if (what.Contains("TLS", StringComparison.Ordinal))
        {
            var encrypted = new SslStream(stream, leaveInnerStreamOpen: false, certificate.Validate);
            await encrypted.AuthenticateAsClientAsync("localhost").WaitAsync(TestServer.Patience);
            stream = encrypted;
        }

        await using (stream)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(HandshakeFor(what, uri)));
            if (what != "never accept" && what != "poll")
            {
                await ReadHeadAsync(stream);
            }

            byte[] frame = what switch
            {
                "server close" => RawClient.Frame(0x81, "close"u8.ToArray()),
                "huge frame, compressed" => [0xC2, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4],
                { } huge when huge.StartsWith("huge", StringComparison.Ordinal) => [0x82, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4],
                _ => [],
            };
            await stream.WriteAsync(frame);
            await Task.Delay(WhenToLeave(client));
            await LeaveAsync(socket, stream, end);
        }
    }

    private static async Task LeaveAsync(Socket socket, System.IO.Stream stream, string end)
    {
        try
        {
            switch (end)
            {
                case "reset":
                    socket.LingerState = new LingerOption(true, 0);
                    socket.Close();
                    break;
                case "close frame":
                    await stream.WriteAsync(RawClient.Frame(0x88, [0x03, 0xE8]));
                    break;
                default:
                    socket.Shutdown(SocketShutdown.Send);
                    break;
            }
        }
        catch (Exception fault) when (fault is IOException or SocketException)
        {
            // The server was faster.
        }
    }

    private static string HandshakeFor(string what, Uri uri) => what is "poll" or "events"
        ? $"GET /http/?what={what} HTTP/1.1\r\nHost: {uri.Authority}\r\n\r\n"
        : $"GET /ws/?what={Uri.EscapeDataString(what)} HTTP/1.1\r\nHost: {uri.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + (what.Contains("compressed", StringComparison.Ordinal) ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "") + "\r\n";

    private static async Task ReadHeadAsync(System.IO.Stream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (head.Count < 4 || !head.TakeLast(4).SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            await stream.ReadExactlyAsync(one).AsTask().WaitAsync(TestServer.Patience);
            head.Add(one[0]);
        }
    }
}
