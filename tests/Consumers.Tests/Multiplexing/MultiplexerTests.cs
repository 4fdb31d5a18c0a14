using System.Net;
using ChannelsNet.Routing;
using Microsoft.AspNetCore.Builder;

namespace ChannelsNet.Multiplexing;

/// <summary>Several streams on one WebSocket, as the client sees them.</summary>
public sealed class MultiplexerTests
{
    private sealed class Clock : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["clock"];

        public Task HandleAsync(Note message) => SendJsonAsync(message);
    }

    private sealed record Said(string Text, int Count);

    private sealed class Chat : JsonWebSocketConsumer<Said>
    {
        private int _count;

        protected override Task ReceiveAsync(Said input) => SendJsonAsync(input with { Count = ++_count });
    }

    private sealed class Tells : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            await SendJsonAsync($"{Scope.Stream} {Scope.RouteValues["room"]} {Scope.Query["q"]} {Scope.Headers["X-Test"]} {Scope.Subprotocols.Count}");
        }
    }

    /// <summary>Sends back what comes, which is JSON as the client wrote it.</summary>
    private static InlineConsumer Echo => new InlineConsumer().OnText((socket, text) => socket.SendTextAsync(text));

    [Fact]
    public async Task Every_stream_opens_with_the_socket()
    {
        await using var server = await TestServer.StartAsync(new Multiplexer { ["clock"] = Consumer.For<Clock>(), ["chat"] = Consumer.For<Chat>() });
        using var client = await StreamsClient.ConnectAsync(server, "clock", "chat");
        await server.Layer.GroupSendAsync("clock", new Note("12:00"));
        Assert.Equal("""{"text":"12:00"}""", await client.NextAsync("clock"));
        await client.SendAsync("chat", """{"text":"hello","count":0}""");
        await client.SendAsync("chat", """{"text":"again","count":0}""");
        Assert.Equal("""{"text":"hello","count":1}""", await client.NextAsync("chat"));
        Assert.Equal("""{"text":"again","count":2}""", await client.NextAsync("chat"));
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task What_goes_over_the_wire_is_as_the_documentation_says()
    {
        await using var server = await TestServer.StartAsync(new Multiplexer { ["chat"] = Consumer.For<Chat>() });
        using var client = await server.ConnectAsync();
        Assert.Equal("""{"stream":"chat","open":true}""", await client.ReceiveAsync());
        await client.SendAsync("""{"payload":{"text":"hello","count":0},"more":[1],"stream":"chat"}""");
        Assert.Equal("""{"stream":"chat","payload":{"text":"hello","count":1}}""", await client.ReceiveAsync());
        await client.SendAsync("""{"stream":"nope","payload":null}""");
        Assert.Equal("""{"stream":"nope","close":{"code":1003,"reason":"There is no such stream."}}""", await client.ReceiveAsync());
        await client.SendAsync("""{"stream":"chat","payload":null}""");
        Assert.Equal("""{"stream":"chat","close":{"code":1003,"reason":"Expected a JSON Said, not null."}}""", await client.ReceiveAsync());
        Assert.Equal("close 1000 Every stream has ended.", await client.ReceiveAsync());
    }

    [Theory]
    [InlineData("null")]
    [InlineData("7.50")]
    [InlineData("\"text \\u0041\"")]
    [InlineData("[1,  {\"a\": \"häh 😀\"}]")]
    public async Task A_payload_reaches_the_consumer_as_the_client_has_written_it(string payload)
    {
        await using var server = await TestServer.StartAsync(new Multiplexer { ["a \"b\""] = Echo });
        using var client = await server.ConnectAsync();
        Assert.Equal("""{"stream":"a \u0022b\u0022","open":true}""", await client.ReceiveAsync());
        await client.SendAsync($$"""{ "stream" : "a \u0022b\"", "payload" : {{payload}} }""");
        Assert.Equal($$"""{"stream":"a \u0022b\u0022","payload":{{payload}}}""", await client.ReceiveAsync());
    }

    [Fact]
    public async Task A_stream_knows_its_name_and_what_is_known_of_the_socket()
    {
        await using var server = await TestServer.StartAsync(app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter { ["{room}/"] = new Multiplexer { ["a"] = Consumer.For<Tells>() } },
        }));
        using var client = await server.ConnectAsync("/blue/?q=1", options =>
        {
            options.AddSubProtocol("p1");
            options.SetRequestHeader("X-Test", "tea");
        });
        Assert.Equal("""{"stream":"a","open":true}""", await client.ReceiveAsync());
        Assert.Equal("""{"stream":"a","payload":"a blue 1 tea 0"}""", await client.ReceiveAsync());
        Assert.Null(client.Socket.SubProtocol);
    }

    [Fact]
    public async Task The_socket_is_accepted_with_the_subprotocol_that_is_set_if_the_client_offers_it()
    {
        await using var server = await TestServer.StartAsync(new Multiplexer { Subprotocol = "p2", ["echo"] = Echo });
        using var offers = await server.ConnectAsync(options: options =>
        {
            options.AddSubProtocol("p1");
            options.AddSubProtocol("p2");
        });
        Assert.Equal("p2", offers.Socket.SubProtocol);
        using var offersNot = await server.ConnectAsync();
        Assert.Null(offersNot.Socket.SubProtocol);
    }

    [Fact]
    public async Task Middleware_before_it_refuses_the_socket_and_middleware_before_a_stream_the_stream()
    {
        await using var server = await TestServer.StartAsync(new Multiplexer
        {
            ["echo"] = Echo,
            ["locked"] = Echo.WithMiddleware((scope, connection, next) => connection.SendAsync(new Refusal(404, "No such thing.")).AsTask()),
        }.WithMiddleware((scope, connection, next) => scope.Query.ContainsKey("no")
            ? connection.SendAsync(new WebSocketClose()).AsTask()
            : next.RunAsync(scope, connection)));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/ws/?no"));
        using var client = await StreamsClient.ConnectAsync(server, "echo");
        Assert.Equal("close 1008 No such thing.", await client.NextAsync("locked"));
        await client.SendAsync("locked", "1");
        await client.SendAsync("echo", "2");
        Assert.Equal("2", await client.NextAsync("echo"));
    }

    [Fact]
    public async Task A_stream_that_does_not_exist_is_told_to_have_ended_and_the_others_go_on()
    {
        await using var server = await TestServer.StartAsync(new Multiplexer { ["echo"] = Echo });
        using var client = await StreamsClient.ConnectAsync(server, "echo");
        await client.SendAsync("Echo", "1");
        Assert.Equal("close 1003 There is no such stream.", await client.NextAsync("Echo"));
        await client.SendAsync("echo", "2");
        Assert.Equal("2", await client.NextAsync("echo"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("hello")]
    [InlineData("[]")]
    [InlineData("""{"stream":"echo"}""")]
    [InlineData("""{"payload":1}""")]
    [InlineData("""{"stream":1,"payload":1}""")]
    [InlineData("""{"stream":"\ud800","payload":1}""")]
    [InlineData("""{"stream":"echo","payload":}""")]
    [InlineData("""{"stream":"echo","payload":1} {}""")]
    [InlineData("binary")]
    public async Task What_is_no_envelope_closes_the_socket_and_says_what_was_expected(string message)
    {
        await using var server = await TestServer.StartAsync(new Multiplexer { ["echo"] = Echo });
        using var client = (await StreamsClient.ConnectAsync(server, "echo")).Socket;
        await (message == "binary" ? client.SendAsync("""{"stream":"echo","payload":1}"""u8.ToArray()) : client.SendAsync(message));
        await client.SendAsync("""{"stream":"echo","payload":"not heard any more"}""");
        Assert.Equal("""close 1003 Expected {"stream": "name", "payload": …} as text.""", await client.ReceiveAsync());
    }

    [Fact]
    public async Task A_multiplexer_can_be_a_stream_of_another()
    {
        await using var server = await TestServer.StartAsync(new Multiplexer { ["outer"] = new Multiplexer { ["inner"] = Echo } });
        using var client = await server.ConnectAsync();
        Assert.Equal("""{"stream":"outer","open":true}""", await client.ReceiveAsync());
        Assert.Equal("""{"stream":"outer","payload":{"stream":"inner","open":true}}""", await client.ReceiveAsync());
        await client.SendAsync("""{"stream":"outer","payload":{"stream":"inner","payload":1}}""");
        Assert.Equal("""{"stream":"outer","payload":{"stream":"inner","payload":1}}""", await client.ReceiveAsync());
    }

    [MessageType("test.forgotten")]
    private sealed record Forgotten : Message;

    private sealed class Takes : WebSocketConsumer, IHandle<Forgotten>
    {
        public Task HandleAsync(Forgotten message) => Task.CompletedTask;
    }

    public static TheoryData<IApplication, string> Faults => new()
    {
        { new Multiplexer(), "has no streams" },
        { new Multiplexer { ["a"] = Consumer.For<Takes>() }, ".AddMessage<Forgotten>()" },
        { new Multiplexer { ["a"] = Consumer.For<Takes>().WithMiddleware((scope, connection, next) => next.RunAsync(scope, connection)) }, ".AddMessage<Forgotten>()" },
        { new Multiplexer { ["a"] = Echo.WithWebSocketOptions(options => options.MaxMessageSize = 1) }, "\"a\" of a Multiplexer has a path, options or conventions" },
        { new Multiplexer { ["a"] = Echo.WithConventions(endpoint => endpoint.RequireHost("x")) }, "\"a\" of a Multiplexer has a path, options or conventions" },
        { new Multiplexer { ["a"] = new UrlRouter { ["b/"] = Echo } }, "\"a\" of a Multiplexer has a path, options or conventions" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task What_is_wrong_with_a_stream_is_told_at_the_start(IApplication application, string expected)
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(application));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_belongs_to_one_stream()
    {
        var multiplexer = new Multiplexer { ["a"] = Echo, ["A"] = Echo };
        Assert.Contains("\"a\"", Assert.Throws<ArgumentException>(() => multiplexer["a"] = Echo).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Multiplexer { [""] = Echo });
    }

    [Fact]
    public async Task What_is_no_websocket_is_not_served()
    {
        await using var server = await TestServer.StartAsync(new At("nothing"));
        var socket = new FakeSocket();
        socket.Receive(new HttpRequestBody(default));
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => new Multiplexer { ["echo"] = Echo }.RunAsync(
            new Scope { Type = Scope.Http, Services = server.App.Services }, socket));
        Assert.Contains(nameof(HttpRequestBody), fault.Message, StringComparison.Ordinal);
    }
}
