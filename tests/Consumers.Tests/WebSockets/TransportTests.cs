using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ChannelsNet.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.WebSockets;

/// <summary>The same over everything that can carry a WebSocket.</summary>
public sealed class TransportTests
{
    private const int Broadcasts = 100;

    private readonly Diary _diary = new();

    private sealed class Speaks(Diary diary) : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override async Task ConnectAsync()
        {
            var headers = new HeaderDictionary();
            for (var i = 0; i.ToString(CultureInfo.InvariantCulture) != Scope.Query["headers"].FirstOrDefault("0"); i++)
            {
                headers[$"X-Much-{i}"] = new string('x', 1000);
            }

            await AcceptAsync(headers: headers);
            await SendTextAsync("welcome");
        }

        protected override Task ReceiveAsync(string text) => text == "close" ? CloseAsync(4000, "as asked") : SendTextAsync(text);

        protected override Task ReceiveAsync(ReadOnlyMemory<byte> bytes) => SendBytesAsync(bytes);

        public Task HandleAsync(Note message) => SendTextAsync(message.Text);

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("?headers=10")]
    public async Task Plain(string query)
    {
        await using var server = await StartAsync();
        await SpeakAsync(server.Layer, () => server.ConnectAsync($"/ws/{query}"));
        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData(HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2)]
    public async Task Encrypted(HttpProtocols protocols)
    {
        using var certificate = TestCertificate.Create();
        await using var server = await StartAsync(listen =>
        {
            listen.Protocols = protocols;
            listen.UseHttps(X509CertificateLoader.LoadPkcs12(
                X509Certificate2.CreateFromPemFile(certificate.CertificateFile, certificate.KeyFile).Export(X509ContentType.Pkcs12), null));
        });
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = certificate.Validate;
        using var invoker = new HttpMessageInvoker(handler);
        await SpeakAsync(server.Layer, () => server.ConnectAsync(options: protocols == HttpProtocols.Http2 ? UseHttp2 : null, invoker: invoker));
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Http_2()
    {
        await using var server = await StartAsync(listen => listen.Protocols = HttpProtocols.Http2);
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler());
        await SpeakAsync(server.Layer, () => server.ConnectAsync(options: UseHttp2, invoker: invoker));
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Through_something_that_looks_at_the_connection_and_sees_all()
    {
        using var log = new WrittenLog();
        await using var server = await TestServer.StartAsync(
            Consumer.For<Speaks>(),
            services => services.AddSingleton(_diary).AddLogging(logging => logging.AddProvider(log).SetMinimumLevel(LogLevel.Debug)),
            listen => listen.UseConnectionLogging());
        await SpeakAsync(server.Layer, () => server.ConnectAsync());
        Assert.Empty(server.Errors);
        Assert.Equal(2, log.Lines.Count(line => line.StartsWith("Write", StringComparison.Ordinal) && line.Contains("..hello", StringComparison.Ordinal)));
    }

    /// <summary>What connection logging logs.</summary>
    private sealed class WrittenLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception));

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Dispose()
        {
        }
    }

    [Fact]
    public async Task An_answer_to_the_handshake_that_leaves_in_pieces_is_not_broken_into()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Speaks>(), services => TestServer.SendLittle(services.AddSingleton(_diary)));
        using var client = await RawClient.ConnectAsync(server, "/ws/?headers=200", takesLittle: true);
        Assert.Equal(200, client.Answer.Split("X-Much-").Length - 1);
        Assert.Equal("text welcome", await client.NextAsync());
    }

    [Fact]
    public async Task Behind_the_framework_s_own_middleware()
    {
        await using var server = await TestServer.StartAsync(
            app =>
            {
                app.UseWebSockets();
                app.MapChannels(new ProtocolTypeRouter { WebSocket = new UrlRouter { ["ws/"] = Consumer.For<Speaks>() } });
                app.Map("/own", async context =>
                {
                    using var socket = await context.WebSockets.AcceptWebSocketAsync();
                    await socket.SendAsync("my own"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
                    await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                });
            },
            services => services.AddSingleton(_diary));
        await SpeakAsync(server.Layer, () => server.ConnectAsync());
        using var other = await server.ConnectAsync("/own");
        Assert.Equal("my own", await other.ReceiveAsync());
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task The_test_host_of_ASP_NET_Core()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseTestServer();
        builder.Services.AddChannels().AddMessage<Note>();
        builder.Services.AddSingleton(_diary);
        await using var app = builder.Build();
        app.MapChannels(new ProtocolTypeRouter { WebSocket = new UrlRouter { ["ws/"] = Consumer.For<Speaks>() } });
        await app.StartAsync();
        await SpeakAsync(
            app.Services.GetRequiredService<IChannelLayer>(),
            async () => new WebSocketClient(
                await app.GetTestServer().CreateWebSocketClient().ConnectAsync(new Uri("ws://localhost/ws/"), CancellationToken.None)));

        using var client = await app.GetTestServer().CreateWebSocketClient().ConnectAsync(new Uri("ws://localhost/ws/"), CancellationToken.None);
        await client.CloseOutputAsync(WebSocketCloseStatus.Empty, null, CancellationToken.None);
        Assert.Equal("disconnect 1005", await _diary.NextAsync());
    }

    [Fact]
    public async Task The_first_message_never_overtakes_the_answer_to_the_handshake()
    {
        await using var server = await StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(async _ =>
        {
            // It would be a malformed answer.
            using var client = await RawClient.ConnectAsync(server);
            Assert.Equal("text welcome", await client.NextAsync());
        }));
    }

    private static void UseHttp2(ClientWebSocketOptions options)
    {
        options.HttpVersion = HttpVersion.Version20;
        options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
    }

    private Task<TestServer> StartAsync(Action<ListenOptions>? listen = null) =>
        TestServer.StartAsync(Consumer.For<Speaks>(), services => services.AddSingleton(_diary), listen);

    private async Task SpeakAsync(IChannelLayer layer, Func<Task<WebSocketClient>> connectAsync)
    {
        using var first = await connectAsync();
        using var second = await connectAsync();
        using var third = await connectAsync();
        foreach (var client in new[] { first, second, third })
        {
            Assert.Equal("welcome", await client.ReceiveAsync());
        }

        foreach (var text in new[] { "hello", "", "häh 😀", new string('x', 100_000) })
        {
            await first.SendAsync(text);
            Assert.Equal(text, await first.ReceiveAsync());
            await first.SendAsync(Encoding.UTF8.GetBytes(text));
            Assert.Equal(text, await first.ReceiveAsync());
        }

        for (var i = 0; i < Broadcasts; i++)
        {
            await layer.GroupSendAsync("room", new Note($"{i}"));
        }

        foreach (var client in new[] { first, second, third })
        {
            for (var i = 0; i < Broadcasts; i++)
            {
                Assert.Equal($"{i}", await client.ReceiveAsync());
            }
        }

        await first.CloseAsync(3001);
        Assert.Equal("disconnect 3001", await _diary.NextAsync());
        await second.SendAsync("close");
        Assert.Equal("close 4000 as asked", await second.ReceiveAsync());
        await second.CloseAsync(4000);
        Assert.Equal("disconnect 4000", await _diary.NextAsync());
        third.Abort();
        Assert.Equal("disconnect 1006", await _diary.NextAsync());
    }
}
