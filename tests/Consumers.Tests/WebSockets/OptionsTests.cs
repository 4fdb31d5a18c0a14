using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.WebSockets;

public sealed class OptionsTests
{
    private sealed class Ignores : WebSocketConsumer;

    [Fact]
    public async Task All_that_is_wrong_is_told_at_once_with_the_route()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(
            app => app.MapChannels(new ProtocolTypeRouter
            {
                WebSocket = new UrlRouter
                {
                    ["good/"] = Consumer.For<Ignores>().WithWebSocketOptions(options => options.MaxMessageSize = 1),
                    ["chat/{room}/"] = Consumer.For<Ignores>().WithWebSocketOptions(options => options.MaxQueuedMessages = 0),
                    ["all/"] = Consumer.For<Ignores>().WithWebSocketOptions(options =>
                    {
                        options.MaxQueuedMessages = -1;
                        options.MaxQueuedBytes = 0;
                        options.WhenFull = (WhenFull)7;
                        options.PingInterval = TimeSpan.FromSeconds(-1);
                        options.PingTimeout = TimeSpan.Zero;
                        options.AcceptTimeout = TimeSpan.Zero;
                        options.CloseTimeout = TimeSpan.FromSeconds(-1);
                    }),
                },
            }),
            services => services.Configure<WebSocketConnectionOptions>(options => options.MaxMessageSize = 0)));
        Assert.Equal(
            [
                "/all/: WebSocketConnectionOptions.AcceptTimeout is 00:00:00; expected more than zero.",
                "/all/: WebSocketConnectionOptions.CloseTimeout is -00:00:01; expected more than zero.",
                "/all/: WebSocketConnectionOptions.MaxMessageSize is 0; expected 1 or more.",
                "/all/: WebSocketConnectionOptions.MaxQueuedBytes is 0; expected 1 or more.",
                "/all/: WebSocketConnectionOptions.MaxQueuedMessages is -1; expected 1 or more.",
                "/all/: WebSocketConnectionOptions.PingInterval is -00:00:01; expected zero for no pings, or more.",
                "/all/: WebSocketConnectionOptions.PingTimeout is 00:00:00; expected more than zero.",
                "/all/: WebSocketConnectionOptions.WhenFull is 7; expected one of Disconnect, DropOldest, DropNewest, KeepLatest.",
                "/chat/{room}/: WebSocketConnectionOptions.MaxMessageSize is 0; expected 1 or more.",
                "/chat/{room}/: WebSocketConnectionOptions.MaxQueuedMessages is 0; expected 1 or more.",
            ],
            fault.Message.Split(Environment.NewLine).Order(StringComparer.Ordinal));
    }

    private sealed class Echo : WebSocketConsumer
    {
        protected override Task ReceiveAsync(ReadOnlyMemory<byte> bytes) => SendBytesAsync(bytes);
    }

    [Fact]
    public async Task A_route_changes_what_its_router_says_and_that_what_the_host_says()
    {
        await using var server = await TestServer.StartAsync(
            app => app.MapChannels(new ProtocolTypeRouter
            {
                WebSocket = new UrlRouter
                {
                    ["host/"] = Consumer.For<Echo>(),
                    ["outer/"] = new UrlRouter
                    {
                        ["same/"] = Consumer.For<Echo>(),
                        ["inner/"] = Consumer.For<Echo>().WithWebSocketOptions(options => options.MaxMessageSize *= 2),
                    }.WithWebSocketOptions(options => options.MaxMessageSize += 5),
                },
            }),
            services => services.Configure<WebSocketConnectionOptions>(options => options.MaxMessageSize = 10));
        foreach (var (path, most) in new[] { ("/host/", 10), ("/outer/same/", 15), ("/outer/inner/", 30) })
        {
            using var client = await server.ConnectAsync(path);
            await client.SendAsync(new byte[most]);
            Assert.Equal(new string('\0', most), await client.ReceiveAsync());
            await client.SendAsync(new byte[most + 1]);
            Assert.StartsWith("close 1009", await client.ReceiveAsync(), StringComparison.Ordinal);
        }
    }
}
