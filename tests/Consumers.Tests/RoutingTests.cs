using System.Net;
using System.Net.WebSockets;
using ChannelsNet.Routing;
using Microsoft.AspNetCore.Builder;

namespace ChannelsNet;

public sealed class RoutingTests
{
    private static readonly ProtocolTypeRouter _router = new()
    {
        WebSocket = new UrlRouter
        {
            [""] = new At("root"),
            ["msg/"] = new At("msg"),
            ["order/{id:int}/"] = new At("order"),
            ["order/{name}/"] = new At("named order"),
            ["chat/"] = new UrlRouter
            {
                ["{room}/"] = new At("room"),
                ["{room}/{**rest}"] = new At("rest"),
            },
        },
    };

    public static TheoryData<string, string> Matches => new()
    {
        { "/", "root" },
        { "/msg/", "msg" },
        { "/order/7/", "order id=7" },
        { "/order/tea/", "named order name=tea" },
        { "/chat/blue/", "room room=blue" },
        { "/chat/blue/x/y", "rest rest=x/y,room=blue" },
    };

    // CH-207
    [Theory]
    [MemberData(nameof(Matches))]
    public async Task The_server_takes_the_first_route_that_matches(string path, string expected)
    {
        await using var server = await TestServer.StartAsync(app => app.MapChannels(_router));
        using var client = await server.ConnectAsync(path);
        Assert.Equal(expected, await client.ReceiveAsync());
        Assert.StartsWith("close 1000", await client.ReceiveAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Matches))]
    public async Task A_router_is_an_application_too(string path, string expected)
    {
        Assert.Equal(expected, await RecordedConnection.RunAsync(_router, path));
    }

    // CH-228
    [Fact]
    public async Task A_path_without_a_route_answers_404_and_logs_no_error()
    {
        await using var server = await TestServer.StartAsync(app => app.MapChannels(_router));
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(
            new Uri(server.Address.Replace("http", "ws", StringComparison.Ordinal) + "/nope/"), CancellationToken.None));
        Assert.Equal(HttpStatusCode.NotFound, socket.HttpStatusCode);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_page_and_a_websocket_share_a_path()
    {
        await using var server = await TestServer.StartAsync(app =>
        {
            app.MapChannels(_router);
            app.MapGet("/msg/", () => "the page");
        });
        using var http = new HttpClient();
        Assert.Equal("the page", await http.GetStringAsync(new Uri(server.Address + "/msg/")));
        using var client = await server.ConnectAsync("/msg/");
        Assert.Equal("msg", await client.ReceiveAsync());
        using var none = await http.GetAsync(new Uri(server.Address + "/chat/blue/"));
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Fact]
    public async Task An_endpoint_takes_conventions()
    {
        await using var server = await TestServer.StartAsync(app => app.MapChannels(_router).RequireHost("elsewhere.example"));
        await Assert.ThrowsAsync<WebSocketException>(() => server.ConnectAsync("/msg/"));
    }

    [Fact]
    public void A_template_that_is_malformed_or_there_already_is_refused()
    {
        var malformed = string.Concat("a", "{");
        Assert.Contains("\"a{\"", Assert.Throws<ArgumentException>(() => new UrlRouter { [malformed] = new At("x") }).Message, StringComparison.Ordinal);
        Assert.Contains("\"a/\"", Assert.Throws<ArgumentException>(() => new UrlRouter { ["a/"] = new At("x"), ["A/"] = new At("y") }).Message.Replace("A/", "a/", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [MessageType("test.forgotten")]
    private sealed record Forgotten : Message;

    private sealed class Takes : WebSocketConsumer, IHandle<Forgotten>, IHandle<Note>, IHandle<Message>
    {
        public Task HandleAsync(Forgotten message) => Task.CompletedTask;

        public Task HandleAsync(Note message) => Task.CompletedTask;

        public Task HandleAsync(Message message) => Task.CompletedTask;
    }

    [Fact]
    public async Task A_message_that_a_consumer_handles_and_nobody_added_is_told_at_the_start()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(Consumer.For<Takes>()));
        Assert.Contains(".AddMessage<Forgotten>()", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(".AddMessage<Note>()", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_services_the_error_says_what_to_write()
    {
        await using var app = WebApplication.CreateSlimBuilder().Build();
        var fault = Assert.Throws<InvalidOperationException>(() => app.MapChannels(_router));
        Assert.Contains("AddChannels", fault.Message, StringComparison.Ordinal);
    }
}
