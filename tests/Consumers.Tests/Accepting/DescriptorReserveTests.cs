using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ChannelsNet.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Accepting;

/// <summary>
/// What clients get when few file descriptors are left, or none but the reserve. To that end the reserve is nearly as large as the limit of
/// this process; <c>tests/Reliability.Tests</c> has a process with a low limit.
/// </summary>
[Collection(nameof(FileDescriptorLimit))]
public sealed class DescriptorReserveTests
{
    private readonly Refused _refused = new();

    private sealed class Echo : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);
    }

    private sealed class Responds : HttpConsumer
    {
        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => RespondAsync(200, $"{body.Length} bytes");
    }

    private sealed class Streams : HttpConsumer, IHandle<Note>
    {
        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => StartEventsAsync();

        public Task HandleAsync(Note message) => SendEventAsync(message.Text);
    }

    private sealed class Polls : HttpConsumer, IHandle<Note>
    {
        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => Task.CompletedTask;

        public Task HandleAsync(Note message) => RespondAsync(200, message.Text);
    }

    private static int Limit => FileDescriptorLimit.Read()!.Value;

    /// <summary>With which every connection is for a short request.</summary>
    private static int FewLeft => Limit * 4 / 5;

    /// <summary>With which no connection is served.</summary>
    private static int NoneLeft => Limit - 1;

    private Task<TestServer> StartAsync(int? reserved, Action<ListenOptions>? listen = null) => TestServer.StartAsync(
        app =>
        {
            app.Map("/page/", (HttpContext context) => context.Connection.Id);
            app.MapChannels(new ProtocolTypeRouter
            {
                WebSocket = new UrlRouter { ["ws/"] = Consumer.For<Echo>() },
                Http = new UrlRouter
                {
                    ["at-once/"] = Consumer.For<Responds>(),
                    ["stream/"] = Consumer.For<Streams>(),
                    ["poll/"] = Consumer.For<Polls>(),
                },
            });
        },
        services =>
        {
            services.Configure<ConnectionLimits>(limits => limits.ReservedFileDescriptors = reserved);
            services.AddLogging(logging => logging.AddFakeLogging());
            _refused.Attach(services);
        },
        listen);

    private static List<(LogLevel Level, string Line)> Logged(TestServer server) =>
    [
        .. from line in server.App.Services.GetFakeLogCollector().GetSnapshot()
           where line.Category == typeof(DescriptorReserve).FullName
           select (line.Level, line.Message),
    ];

    private static MetricCollector<T> Collect<T>(TestServer server, string name)
        where T : struct => new(server.App.Services.GetRequiredService<IMeterFactory>(), "ChannelsNet.Consumers", name);

    [Fact]
    public async Task When_few_are_left_a_WebSocket_gets_503_and_its_connection_is_closed()
    {
        await using var server = await StartAsync(FewLeft);
        for (var i = 0; i < 3; i++)
        {
            using var socket = await OpenAsync(server);
            await socket.SendAsync(Encoding.ASCII.GetBytes(
                "GET /ws/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
            var response = await ReadToEndAsync(socket);
            Assert.StartsWith("HTTP/1.1 503 ", response, StringComparison.Ordinal);
            Assert.Contains("\r\nConnection: close\r\n", response, StringComparison.Ordinal);
            Assert.Contains("\r\nRetry-After: 10\r\n", response, StringComparison.Ordinal);
        }

        Assert.Equal(["file_limit at /ws/", "file_limit at /ws/", "file_limit at /ws/"], _refused.Counts);
        Assert.Equal(
            [
                "Warning: WebSocket /ws/: 1 refused since the last such line, the last because "
                    + $"the process may open {Limit} file descriptors (RLIMIT_NOFILE), and few are left",
            ],
            _refused.Lines);

        // At the start: that this reserve leaves nothing for a WebSocket.
        var (level, line) = Assert.Single(Logged(server));
        Assert.Equal(LogLevel.Error, level);
        Assert.Contains($" {FewLeft} of them are reserved for the program, and it uses the others already", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2)]
    public async Task When_few_are_left_the_same_holds_over_TLS_and_HTTP_2(HttpProtocols protocols)
    {
        using var certificate = TestCertificate.Create();
        await using var server = await StartAsync(FewLeft, listen =>
        {
            listen.Protocols = protocols;
            listen.UseHttps(X509CertificateLoader.LoadPkcs12(
                X509Certificate2.CreateFromPemFile(certificate.CertificateFile, certificate.KeyFile).Export(X509ContentType.Pkcs12), null));
        });
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = certificate.Validate;
        using var invoker = new HttpMessageInvoker(handler);
        for (var i = 0; i < 3; i++)
        {
            using var socket = new ClientWebSocket();
            socket.Options.CollectHttpResponseDetails = true;
            socket.Options.HttpVersion = protocols == HttpProtocols.Http2 ? HttpVersion.Version20 : HttpVersion.Version11;
            socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            await Assert.ThrowsAsync<WebSocketException>(
                () => socket.ConnectAsync(server.UriOf("/ws/"), invoker, default).WaitAsync(TestServer.Patience));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, socket.HttpStatusCode);
        }

        Assert.Equal(3, _refused.Counts.Count);

        // Each request is on a connection of its own, so that an HTTP/2 client does not stay where it gets no WebSocket.
        using var http = new HttpClient(handler, disposeHandler: false) { BaseAddress = new Uri(server.Address) };
        http.DefaultRequestVersion = protocols == HttpProtocols.Http2 ? HttpVersion.Version20 : HttpVersion.Version11;
        http.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        var first = await http.GetStringAsync(new Uri("/page/", UriKind.Relative));
        Assert.NotEqual(first, await http.GetStringAsync(new Uri("/page/", UriKind.Relative)));
    }

    [Fact]
    public async Task When_few_are_left_short_requests_are_served_and_polls_and_streams_end_at_once()
    {
        await using var server = await StartAsync(FewLeft);
        using var client = new Http.Client(server);
        foreach (var path in new[] { "/page/", "/at-once/" })
        {
            using var page = await client.GetAsync(path);
            Assert.Equal((200, "close"), (page.Status, page.Header("Connection")));
        }

        using var post = await client.PostAsync(new string('x', 1_000_000), "/at-once/");
        Assert.Equal((200, "1000000 bytes"), (post.Status, await post.TextAsync()));

        using var poll = await client.GetAsync("/poll/");
        Assert.Equal((503, "10"), (poll.Status, poll.Header("Retry-After")));

        // A browser would not connect again after another status than 200.
        using var stream = await client.GetAsync("/stream/");
        Assert.Equal(200, stream.Status);
        Assert.Null(await stream.LineAsync());
    }

    [Fact]
    public async Task When_none_is_left_every_connection_is_closed_and_counted_and_one_line_says_why()
    {
        const int Count = 50;
        await using var server = await StartAsync(NoneLeft);
        using var rejected = Collect<long>(server, "channels.connection.rejected");
        for (var i = 0; i < Count; i++)
        {
            try
            {
                using var socket = await OpenAsync(server);
                Assert.Equal("", await ReadToEndAsync(socket));
            }
            catch (SocketException fault) when (fault.SocketErrorCode == SocketError.ConnectionReset)
            {
                // It was closed before the client had noticed that it was connected.
            }
        }

        Assert.Equal(Count, rejected.GetMeasurementSnapshot().Sum(measurement => measurement.Value));
        Assert.All(rejected.GetMeasurementSnapshot(), measurement => Assert.Equal("file_limit", measurement.Tags["reason"]));
        var (level, line) = Logged(server).Last();
        Assert.Equal((2, LogLevel.Warning), (Logged(server).Count, level));
        Assert.StartsWith(
            $"Connections closed since the last such line: 1. The process may open {Limit} file descriptors (RLIMIT_NOFILE); {NoneLeft} of them",
            line,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task By_default_all_are_served_and_a_gauge_shows_the_parts_of_the_limit()
    {
        await using var server = await StartAsync(reserved: null);
        Assert.True(server.App.Services.GetRequiredService<DescriptorReserve>().IsInUse);
        using var gauge = Collect<int>(server, "channels.file_descriptor.limit");
        using var client = await server.ConnectAsync();
        await client.SendAsync("hello");
        Assert.Equal("hello", await client.ReceiveAsync());
        gauge.RecordObservableInstruments();
        var parts = new DescriptorParts(Limit, reserved: null);
        Assert.Equal(
            [("process", parts.Limit), ("connection", parts.Connections), ("websocket", parts.WebSockets)],
            gauge.GetMeasurementSnapshot().Select(measurement => ((string)measurement.Tags["use"]!, measurement.Value)));
        Assert.Empty(_refused.Counts);
    }

    [Fact]
    public async Task With_a_reserve_of_zero_Kestrel_uses_its_own_listener()
    {
        await using var server = await StartAsync(reserved: 0);
        Assert.False(server.App.Services.GetRequiredService<DescriptorReserve>().IsInUse);
        using var gauge = Collect<int>(server, "channels.file_descriptor.limit");
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/ws/"));
        gauge.RecordObservableInstruments();
        Assert.Empty(gauge.GetMeasurementSnapshot());
    }

    [Fact]
    public async Task A_reserve_that_is_negative_or_as_large_as_the_limit_fails_at_the_start()
    {
        var negative = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(-1));
        Assert.Equal(
            "ConnectionLimits.ReservedFileDescriptors is -1; expected 1 or more, 0 for no reserve, or null for the default.", negative.Message);
        var whole = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(Limit));
        Assert.Equal(
            $"ConnectionLimits.ReservedFileDescriptors is {Limit}; expected less than {Limit}, which is what the process may open (RLIMIT_NOFILE).",
            whole.Message);
    }

    private static async Task<Socket> OpenAsync(TestServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(server.Address).Port).WaitAsync(TestServer.Patience);
        return socket;
    }

    /// <summary>Reads until the connection is closed or reset.</summary>
    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[1000];
        try
        {
            while (await socket.ReceiveAsync(buffer).WaitAsync(TestServer.Patience) is > 0 and var received)
            {
                text.Append(Encoding.ASCII.GetString(buffer, 0, received));
            }
        }
        catch (SocketException fault) when (fault.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The connection is closed without a word.
        }

        return text.ToString();
    }
}
