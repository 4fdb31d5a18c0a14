using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet;

[MessageType("test.note")]
public sealed record Note(string Text) : Message;

public sealed class WebSocketCommunicatorTests
{
    private readonly TestChannels _channels = TestChannels.Create(channels =>
    {
        channels.AddMessage<Note>();
        channels.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.PropertyNamingPolicy = System.Text.Json.JsonNamingPolicy.SnakeCaseLower);
    });

    private sealed class Echo : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);

        protected override Task ReceiveAsync(ReadOnlyMemory<byte> bytes) => SendBytesAsync(bytes);
    }

    /// <summary>The clock of Django Channels' tutorial: it sends for ever.</summary>
    private sealed class TutorialClock : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            while (true)
            {
                await SendTextAsync("tick");
                await Task.Delay(10);
            }
        }
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1006)]
    public async Task A_handler_that_sends_for_ever_ends_when_the_client_disconnects(int code)
    {
        await using var channels = TestChannels.Create();
        await using var client = channels.WebSocket(Consumer.For<TutorialClock>(), "/");
        await client.ConnectAsync();
        Assert.Equal("tick", await client.ReceiveTextAsync());
        await client.DisconnectAsync(code);
    }

    [Fact]
    public async Task A_handler_that_sends_for_ever_ends_with_its_communicator()
    {
        await using var channels = TestChannels.Create();
        await using var client = channels.WebSocket(Consumer.For<TutorialClock>(), "/");
        await client.ConnectAsync();
        Assert.Equal("tick", await client.ReceiveTextAsync());
    }

    [Fact] // CH-171, CH-272: there is one method for each kind, so none, both and the wrong kind can't be written.
    public async Task What_is_sent_comes_back_with_its_kind_and_may_be_empty()
    {
        await using var client = _channels.WebSocket(Consumer.For<Echo>());
        Assert.True((await client.ConnectAsync()).Accepted);
        await client.SendTextAsync("hello");
        Assert.Equal("hello", await client.ReceiveTextAsync());
        await client.SendTextAsync("");
        Assert.Equal("", await client.ReceiveTextAsync());
        await client.SendBytesAsync(new byte[] { 0x77, 0, 0, 0 });
        Assert.Equal([0x77, 0, 0, 0], (await client.ReceiveBytesAsync()).ToArray());
        await client.SendBytesAsync(default);
        Assert.Equal(0, (await client.ReceiveBytesAsync()).Length);
        await Assert.ThrowsAsync<ArgumentNullException>(() => client.SendTextAsync(null!));
    }

    private sealed record Order(string DrinkName, int Cups);

    private sealed class Bar : JsonWebSocketConsumer<Order>
    {
        protected override Task ReceiveAsync(Order input) => input.Cups > 0 ? SendJsonAsync(input with { Cups = input.Cups - 1 }) : SendTextAsync("none left");
    }

    [Fact] // CH-184
    public async Task Json_is_written_and_read_by_the_options_of_the_host()
    {
        await using var client = _channels.WebSocket(Consumer.For<Bar>());
        await client.ConnectAsync();
        await client.SendJsonAsync(new Order("green tea", 2));
        Assert.Equal(new Order("green tea", 1), await client.ReceiveJsonAsync<Order>());
        await client.SendTextAsync("""{"drink_name":"tea","cups":1}""");
        Assert.Equal("""{"drink_name":"tea","cups":0}""", await client.ReceiveTextAsync());
        await client.SendJsonAsync(new { drink_name = "tea", cups = 0 });
        var fault = await Assert.ThrowsAsync<UnexpectedEventException>(client.ReceiveJsonAsync<Order>);
        Assert.Equal("Expected a JSON Order; got \"none left\".", fault.Message);
    }

    private sealed class Tells(Func<Scope, string> tell) : IApplication
    {
        public async Task RunAsync(Scope scope, IConnection connection)
        {
            await connection.ReceiveAsync();
            await connection.SendAsync(new WebSocketAccept());
            await connection.SendAsync(WebSocketSend.Text(tell(scope)));
        }
    }

    private static readonly Tells _url = new(scope =>
        $"{scope.Type} {scope.Path.Value} {string.Join("&", scope.Query.Select(pair => $"{pair.Key}={pair.Value}").Order())} {scope.Headers.Host}");

    [Theory] // CH-266
    [InlineData("/chat/caf%C3%A9/?a=1%202&b=%26", "websocket /chat/café/ a=1 2&b=& localhost")]
    [InlineData("/foo%2Fbar", "websocket /foo%2Fbar  localhost")]
    [InlineData("//x/?q", "websocket //x/ q= localhost")]
    [InlineData("ws://user:secret@example.com:8000/chat/?a=1#top", "websocket /chat/ a=1 example.com:8000")]
    [InlineData("wss://example.com", "websocket /  example.com")]
    public async Task The_scope_is_made_of_the_url(string url, string expected)
    {
        await using var client = _channels.WebSocket(_url, url);
        await client.ConnectAsync();
        Assert.Equal(expected, await client.ReceiveTextAsync());
    }

    [Theory] // CH-266
    [InlineData("chat/")]
    [InlineData("")]
    [InlineData("ftp://example.com/")]
    public void What_is_no_url_is_refused_with_what_to_write(string url)
    {
        var fault = Assert.Throws<ArgumentException>(() => _channels.WebSocket(_url, url));
        Assert.StartsWith($"\"{url}\" is no URL of a request. Expected a path such as \"/chat/tea/", fault.Message, StringComparison.Ordinal);
    }

    [Fact] // CH-266
    public async Task The_scope_has_the_user_the_headers_the_subprotocols_and_what_the_test_adds()
    {
        var tells = new Tells(scope =>
            $"{scope.User.Identity!.Name} {scope.Headers.Origin} {string.Join(",", scope.Subprotocols)} {scope.Items["shop"]} {scope.HttpContext is null}");
        var ann = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "ann")], "test"));
        await using var client = _channels.WebSocket(tells, "/", ann, new HeaderDictionary { ["Origin"] = "https://example.com" }, "b", "a");
        client.Scope = client.Scope with { Items = client.Scope.Items.SetItem("shop", "tea") };
        await client.ConnectAsync();
        Assert.Equal("ann https://example.com b,a tea True", await client.ReceiveTextAsync());
        Assert.Throws<InvalidOperationException>(() => client.Scope = client.Scope with { Path = "/other/" });
    }

    private sealed class Room : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync($"{Scope.RouteValues["room"]} {Scope.Items["said"]}: {text}");
    }

    [Fact] // CH-268
    public async Task An_application_stands_behind_routers_and_middleware()
    {
        var router = new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter { ["chat/"] = new UrlRouter { ["{room}/"] = Consumer.For<Room>() } }
                .WithMiddleware((scope, connection, next) => next.RunAsync(scope with { Items = scope.Items.SetItem("said", "politely") }, connection)),
        };
        await using var client = _channels.WebSocket(router, "/chat/tea/");
        await client.ConnectAsync();
        await client.SendTextAsync("hi");
        Assert.Equal("tea politely: hi", await client.ReceiveTextAsync());

        await using var nowhere = _channels.WebSocket(router, "/nowhere/");
        var answer = await nowhere.ConnectAsync();
        Assert.Equal((false, 404), (answer.Accepted, answer.Status));
    }

    private sealed class Door : WebSocketConsumer
    {
        protected override Task ConnectAsync() => Scope.Query["as"].ToString() switch
        {
            "guest" => RefuseAsync(402, "Pay first."),
            "thief" => CloseAsync(4003, "No."),
            "ghost" => CloseAsync(1013),
            "liar" => AcceptAsync("tea.v9"),
            _ => AcceptAsync(Scope.Subprotocols[0], new HeaderDictionary { ["foo"] = "bar" }),
        };
    }

    [Fact] // CH-162, CH-163, CH-166
    public async Task The_answer_tells_how_it_was_accepted_or_refused()
    {
        await using var member = _channels.WebSocket(Consumer.For<Door>(), "/?as=member", subprotocols: ["tea.v2", "tea.v1"]);
        var accepted = await member.ConnectAsync();
        Assert.Equal((true, 101, "tea.v2", "bar"), (accepted.Accepted, accepted.Status, accepted.Subprotocol, accepted.Headers["foo"].ToString()));

        await using var guest = _channels.WebSocket(Consumer.For<Door>(), "/?as=guest");
        var refused = await guest.ConnectAsync();
        Assert.Equal((false, 402, "Pay first.", null), (refused.Accepted, refused.Status, refused.Body, refused.CloseCode));

        await using var thief = _channels.WebSocket(Consumer.For<Door>(), "/?as=thief");
        var closed = await thief.ConnectAsync();
        Assert.Equal((false, 403, 4003), (closed.Accepted, closed.Status, closed.CloseCode));

        await using var ghost = _channels.WebSocket(Consumer.For<Door>(), "/?as=ghost");
        Assert.Equal(503, (await ghost.ConnectAsync()).Status);

        await using var liar = _channels.WebSocket(Consumer.For<Door>(), "/?as=liar", subprotocols: ["tea.v1"]);
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(liar.ConnectAsync);
        Assert.Contains("\"tea.v9\", and the client offers \"tea.v1\"", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_that_can_not_be_are_told_what_to_do_instead()
    {
        await using var client = _channels.WebSocket(Consumer.For<Door>(), "/?as=guest");
        Assert.Contains("Call ConnectAsync first", (await Assert.ThrowsAsync<InvalidOperationException>(() => client.SendTextAsync("x"))).Message, StringComparison.Ordinal);
        Assert.Contains("Call ConnectAsync first", (await Assert.ThrowsAsync<InvalidOperationException>(client.ReceiveTextAsync)).Message, StringComparison.Ordinal);
        Assert.Contains("Call ConnectAsync first", (await Assert.ThrowsAsync<InvalidOperationException>(() => client.DisconnectAsync())).Message, StringComparison.Ordinal);
        await client.ConnectAsync();
        Assert.Contains("make another one", (await Assert.ThrowsAsync<InvalidOperationException>(client.ConnectAsync)).Message, StringComparison.Ordinal);
        Assert.Contains("was refused with 402", (await Assert.ThrowsAsync<InvalidOperationException>(() => client.SendTextAsync("x"))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => client.DisconnectAsync(1004));
        Assert.Throws<ArgumentOutOfRangeException>(() => client.Timeout = TimeSpan.Zero);
        await client.DisconnectAsync();
    }

    private sealed class Leaves : WebSocketConsumer
    {
        protected override async Task ReceiveAsync(string text)
        {
            await SendTextAsync("bye");
            await CloseAsync(4007, "test reason");
            await SendTextAsync("too late");
        }

        protected override Task DisconnectAsync(int code) => GroupSendAsync("log", new Note($"ended with {code}"));
    }

    [Fact] // CH-175, CH-267
    public async Task A_close_where_a_message_was_expected_is_an_error_that_names_both()
    {
        await using var client = _channels.WebSocket(Consumer.For<Leaves>());
        await client.ConnectAsync();
        await client.SendTextAsync("go");
        var wrong = await Assert.ThrowsAsync<UnexpectedEventException>(client.ReceiveBytesAsync);
        Assert.Equal("Expected a binary message; got the text \"bye\".", wrong.Message);
        var closed = await Assert.ThrowsAsync<UnexpectedEventException>(client.ReceiveTextAsync);
        Assert.Equal("Expected a text message; got a close with 4007 (\"test reason\").", closed.Message);
        var over = await Assert.ThrowsAsync<InvalidOperationException>(client.ReceiveTextAsync);
        Assert.Contains("was closed by the application with 4007", over.Message, StringComparison.Ordinal);
        await client.ReceiveNothingAsync();
    }

    [Fact] // CH-175, CH-180
    public async Task The_end_has_the_code_of_whoever_ended_it()
    {
        await using var log = await _channels.JoinAsync("log");
        await using var first = _channels.WebSocket(Consumer.For<Leaves>());
        await first.ConnectAsync();
        await first.SendTextAsync("go");
        Assert.Equal("bye", await first.ReceiveTextAsync());
        Assert.Equal(new WebSocketClose(4007, "test reason"), await first.ReceiveCloseAsync());
        await first.DisconnectAsync();
        Assert.Equal(new Note("ended with 4007"), await log.ReceiveAsync<Note>());

        foreach (var code in new[] { 1000, 3001, 1005, 1006 })
        {
            await using var client = _channels.WebSocket(Consumer.For<Leaves>());
            await client.ConnectAsync();
            await client.DisconnectAsync(code);
            Assert.Equal(new Note($"ended with {code}"), await log.ReceiveAsync<Note>());
        }

        await log.ReceiveNothingAsync();
    }

    [Fact]
    public async Task An_application_that_just_ends_has_closed_or_refused()
    {
        await using var client = _channels.WebSocket(_url, "/");
        await client.ConnectAsync();
        await client.ReceiveTextAsync();
        Assert.Equal(new WebSocketClose(1000), await client.ReceiveCloseAsync());

        await using var refused = _channels.WebSocket(Consumer.For<Echo>().WithMiddleware((_, _, _) => Task.CompletedTask));
        Assert.Equal(403, (await refused.ConnectAsync()).Status);
    }

    private sealed class Eager : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            await SendTextAsync("too early");
            await AcceptAsync();
        }
    }

    [Fact]
    public async Task An_application_is_held_to_the_rules_of_a_WebSocket()
    {
        await using var client = _channels.WebSocket(Consumer.For<Eager>());
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(client.ConnectAsync);
        Assert.Contains("Call AcceptAsync first", fault.Message, StringComparison.Ordinal);
    }
}
