using System.Net;
using System.Net.Sockets;
using System.Text;
using ChannelsNet.Draining;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Hostile;

/// <summary>Clients that come in great numbers, never finish, or claim to be others.</summary>
public sealed class HostileConnectionsTests
{
    private const string Handshake = "GET /ws/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    private readonly Refused _refused = new();

    private sealed class Echo : WebSocketConsumer
    {
        protected internal override IReadOnlyList<string> Groups => ["everybody"];

        protected override Task ReceiveAsync(string text) => text.Length > 0 ? SendTextAsync(text) : Task.CompletedTask;
    }

    [Fact]
    public async Task Ten_thousand_that_come_and_go_at_once_leave_nothing()
    {
        await using var server = await StartAsync();
        using var other = await server.ConnectAsync();
        var request = Encoding.ASCII.GetBytes(Handshake + "\r\n");
        await Parallel.ForAsync(0, 10_000, new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (i, _) =>
        {
            using var socket = await OpenAsync(server);
            if (i % 3 > 0)
            {
                await socket.SendAsync(request);
            }

            // Gone without a word, some in the middle of the handshake; or with a last packet that says so.
            socket.LingerState = new LingerOption(true, i % 2);
            if (i % 3 == 2)
            {
                await socket.ReceiveAsync(new byte[1]);
            }
        });

        using var patience = new CancellationTokenSource(TestServer.Patience);
        var connections = server.App.Services.GetRequiredService<OpenConnections>();
        while (connections.Count > 1 || server.Local.ChannelCount > 1)
        {
            await Task.Delay(10, patience.Token);
        }

        Assert.Single(server.Local.MembersOf("everybody"));
        await AssertServesAsync(other);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task One_that_sends_byte_by_byte_is_served_and_delays_nobody()
    {
        await using var server = await StartAsync();
        using var other = await server.ConnectAsync();
        using var socket = await OpenAsync(server);
        foreach (var one in Encoding.ASCII.GetBytes(Handshake + "\r\n").Concat(RawClient.Frame(0x81, "slowly"u8.ToArray())))
        {
            await socket.SendAsync(new[] { one });
            if (one == (byte)'\n')
            {
                await AssertServesAsync(other);
            }
        }

        await ReadUntilAsync(socket, "slowly");
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("GET /ws/ HTTP/1.1\r\nHost: local", "HTTP/1.1 408 ")]
    public async Task A_handshake_that_does_not_end_is_cut(string beginning, string? answer)
    {
        await using var server = await StartAsync(services => services.Configure<KestrelServerOptions>(options =>
            (options.Limits.RequestHeadersTimeout, options.Limits.KeepAliveTimeout) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1))));
        using var socket = await OpenAsync(server);
        await socket.SendAsync(Encoding.ASCII.GetBytes(beginning));
        var buffer = new byte[1000];
        var received = await socket.ReceiveAsync(buffer).WaitAsync(TestServer.Patience);
        Assert.StartsWith(answer ?? "", Encoding.ASCII.GetString(buffer, 0, received), StringComparison.Ordinal);
        Assert.Equal(0, answer is null ? received : await socket.ReceiveAsync(buffer).WaitAsync(TestServer.Patience));
    }

    [Theory]
    [InlineData("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 12")]
    [InlineData("Sec-WebSocket-Version: 13\r\n", "")]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: short")]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "")]
    [InlineData("Upgrade: websocket\r\n", "")]
    [InlineData("Upgrade: websocket\r\n", "Upgrade: h2c\r\n")]
    [InlineData("GET", "POST")]
    public async Task A_handshake_of_another_kind_is_answered_with_what_was_wrong(string right, string wrong)
    {
        await using var server = await StartAsync();
        using var socket = await OpenAsync(server);
        await socket.SendAsync(Encoding.ASCII.GetBytes(Handshake.Replace(right, wrong, StringComparison.Ordinal) + "\r\n"));
        var buffer = new byte[1000];
        var received = await socket.ReceiveAsync(buffer).WaitAsync(TestServer.Patience);
        Assert.Matches("^HTTP/1.1 4[0-9][0-9] ", Encoding.ASCII.GetString(buffer, 0, received));
        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData(0x81)]
    [InlineData(0x89)]
    public async Task A_flood_of_tiny_frames_delays_nobody_and_takes_no_memory(byte first)
    {
        const int Count = 200_000;
        await using var server = await StartAsync();
        using var other = await server.ConnectAsync();
        using var client = await RawClient.ConnectAsync(server);
        var flood = Task.Run(async () =>
        {
            byte[] some = [.. Enumerable.Repeat(RawClient.Frame(first, []), 1000).SelectMany(frame => frame)];
            for (var i = 0; i < Count / 1000; i++)
            {
                await client.WriteAsync(some);
            }

            await client.WriteFrameAsync(0x81, "the last");
        });
        var served = 0;
        for (; !flood.IsCompleted || served < 10; served++)
        {
            await AssertServesAsync(other);
        }

        await flood;

        // Of pings too many to be answered the last ones are (RFC 6455, 5.5.3).
        var pongs = 0;
        for (; await client.NextAsync() is var answer && answer != "text the last"; pongs++)
        {
            Assert.Equal("pong", answer);
        }

        Assert.InRange(pongs, first == 0x89 ? 1 : 0, first == 0x89 ? Count : 0);
    }

    [Fact]
    public async Task A_half_open_socket_is_noticed_and_counted()
    {
        var time = new FakeTimeProvider();
        await using var server = await StartAsync(services => services.AddSingleton<TimeProvider>(time));
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteFrameAsync(0x81, "hello");
        Assert.Equal("text hello", await client.NextAsync());
        Assert.Equal("ping", await WhileTimePassesAsync(client.NextAsync()));
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (true)
            {
                Assert.Equal("ping", await WhileTimePassesAsync(client.NextAsync()));
            }
        });
        Assert.Equal(["ping_timeout at /ws/"], _refused.Counts);

        async Task<string> WhileTimePassesAsync(Task<string> next)
        {
            while (!next.IsCompleted)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                await Task.Yield();
            }

            return await next;
        }
    }

    [Theory]
    [InlineData("nobody reads them")]
    [InlineData("from one who is no proxy of ours")]
    public async Task Forged_headers_of_a_proxy_do_not_make_another_site_ours(string setUp)
    {
        await using var server = await TestServer.StartAsync(
            app =>
            {
                if (setUp != "nobody reads them")
                {
                    var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.All };
                    options.KnownProxies.Clear();
                    options.KnownIPNetworks.Clear();
                    options.KnownProxies.Add(IPAddress.Parse("10.1.2.3"));
                    app.UseForwardedHeaders(options);
                    app.UseRouting();
                }

                app.MapChannels(new ProtocolTypeRouter { WebSocket = new UrlRouter { ["ws/"] = Consumer.For<Echo>() } });
            },
            _refused.Attach);
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync(
            "/ws/", ("Origin", "https://evil.example"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"), ("Forwarded", "host=evil.example")));
        Assert.Equal(["origin at /ws/"], _refused.Counts);
    }

    private static async Task AssertServesAsync(WebSocketClient client)
    {
        await client.SendAsync("hello");
        Assert.Equal("hello", await client.ReceiveAsync());
    }

    private static async Task<Socket> OpenAsync(TestServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(server.Address).Port).WaitAsync(TestServer.Patience);
        return socket;
    }

    private static async Task ReadUntilAsync(Socket socket, string end)
    {
        var text = new StringBuilder();
        var buffer = new byte[1000];
        while (!text.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            text.Append(Encoding.Latin1.GetString(buffer, 0, await socket.ReceiveAsync(buffer).WaitAsync(TestServer.Patience)));
        }
    }

    private Task<TestServer> StartAsync(Action<IServiceCollection>? configure = null) => TestServer.StartAsync(Consumer.For<Echo>(), services =>
    {
        _refused.Attach(services);
        configure?.Invoke(services);
    });
}
