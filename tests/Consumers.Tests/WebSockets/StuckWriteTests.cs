using System.Security.Cryptography.X509Certificates;
using ChannelsNet.Support;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.WebSockets;

/// <summary>Clients that take nothing of what is written. Each is cut after the time of a write, whatever it sends meanwhile.</summary>
public sealed class StuckWriteTests
{
    private readonly Diary _diary = new();

    private sealed class Floods(Diary diary) : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            if (Scope.Query["flush"] == "yes")
            {
                await SendBytesAsync(new byte[16 * 1024 * 1024]);
                await FlushAsync();
                diary.Note("flushed");
            }
        }

        public Task HandleAsync(Note message) => SendTextAsync(message.Text);

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_client_that_reads_nothing_does_not_hold_a_handler_that_flushes()
    {
        await using var server = await StartAsync(WhenFull.Disconnect);
        using var client = await RawClient.ConnectAsync(server, "/ws/?flush=yes", takesLittle: true);
        Assert.Equal("flushed", await _diary.NextAsync());
        Assert.Equal("disconnect 1006", await _diary.NextAsync());
        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData(WhenFull.DropOldest)]
    [InlineData(WhenFull.DropNewest)]
    [InlineData(WhenFull.KeepLatest)]
    public async Task A_client_that_reads_nothing_is_cut_though_it_sends_pongs(WhenFull policy)
    {
        await using var server = await StartAsync(policy);
        using var client = await RawClient.ConnectAsync(server, takesLittle: true);
        var ended = _diary.NextAsync();
        var text = new string('x', 100_000);
        while (!ended.IsCompleted)
        {
            await server.Layer.GroupSendAsync("room", new Note(text));
            try
            {
                await client.WriteFrameAsync(0x8A, "");
            }
            catch (IOException)
            {
                // It has been cut.
            }
        }

        Assert.Equal("disconnect 1006", await ended);
        Assert.Empty(server.Errors);
    }

    /// <summary>A message of 16 MiB, which takes many times as long as a write may take without progress.</summary>
    [Theory]
    [InlineData("plain")]
    [InlineData("encrypted")]
    public async Task A_client_that_reads_slowly_is_not_cut(string how)
    {
        using var certificate = TestCertificate.Create();
        await using var server = await StartAsync(WhenFull.Disconnect, how == "plain" ? null : certificate);
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = certificate.Validate;
        handler.ConnectCallback = async (context, cancellation) =>
        {
            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { ReceiveBufferSize = 32 * 1024 };
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        };
        using var invoker = new HttpMessageInvoker(handler);
        using var client = await server.ConnectAsync("/ws/?flush=yes", invoker: invoker);
        var buffer = new byte[64 * 1024];
        var received = 0;
        for (var isLast = false; !isLast;)
        {
            var part = await client.Socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).AsTask().WaitAsync(TestServer.Patience);
            (received, isLast) = (received + part.Count, part.EndOfMessage);
            if (received % (2 * 1024 * 1024) < part.Count)
            {
                // Eight pauses, each shorter than the time of a write and together longer.
                await Task.Delay(TimeSpan.FromMilliseconds(400));
            }
        }

        Assert.Equal(16 * 1024 * 1024, received);
        Assert.Equal("flushed", await _diary.NextAsync());
    }

    private Task<TestServer> StartAsync(WhenFull policy, TestCertificate? certificate = null) => TestServer.StartAsync(
        Consumer.For<Floods>(),
        services =>
        {
            TestServer.SendLittle(services);
            services.AddSingleton(_diary).Configure<WebSocketConnectionOptions>(options =>
            {
                options.WhenFull = policy;
                options.WriteTimeout = TimeSpan.FromSeconds(2);

                // So that nothing else ends the connection.
                options.PingInterval = options.CloseTimeout = TimeSpan.FromMinutes(5);
            });
        },
        certificate is null ? null : listen => listen.UseHttps(X509CertificateLoader.LoadPkcs12(
            X509Certificate2.CreateFromPemFile(certificate.CertificateFile, certificate.KeyFile).Export(X509ContentType.Pkcs12), null)));
}
