using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.WebSockets;

/// <summary>What the client of a WebSocket consumer sees, and what the consumer sees of it.</summary>
public sealed class ClientTests
{
    private readonly Diary _diary = new();

    private sealed class Silent : WebSocketConsumer;

    // CH-161
    [Fact]
    public async Task A_consumer_without_handlers_accepts_without_a_subprotocol()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Silent>());
        using var client = await server.ConnectAsync();
        Assert.Equal(WebSocketState.Open, client.Socket.State);
        Assert.Null(client.Socket.SubProtocol);
        await client.SendAsync("hello");
        await client.SendAsync([1]);
        await client.CloseAsync();
        Assert.Empty(server.Errors);
    }

    private sealed class Notes(Diary diary) : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            diary.Note("connect");
            await AcceptAsync();
        }

        protected override Task ReceiveAsync(string text)
        {
            diary.Note($"text {text}");
            return SendTextAsync(text);
        }

        protected override Task ReceiveAsync(ReadOnlyMemory<byte> bytes)
        {
            diary.Note($"bytes {Convert.ToHexString(bytes.Span)}");
            return SendBytesAsync(bytes);
        }

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    // CH-171
    [Fact]
    public async Task A_message_comes_back_as_what_it_was_and_has_called_one_handler()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Notes>(), services => services.AddSingleton(_diary));
        using var client = await RawClient.ConnectAsync(server);
        Assert.Equal("connect", await _diary.NextAsync());
        await client.WriteFrameAsync(0x81, "hello");
        Assert.Equal("text hello", await client.NextAsync());
        Assert.Equal("text hello", await _diary.NextAsync());
        await client.WriteFrameAsync(0x82, [0x77, 0, 0, 0]);
        var (head, payload) = await client.ReadFrameAsync();
        Assert.Equal(0x82, head[0]);
        Assert.Equal([0x77, 0, 0, 0], payload);
        Assert.Equal("bytes 77000000", await _diary.NextAsync());
        Assert.True(_diary.IsEmpty);
    }

    // CH-189
    [Fact]
    public async Task Of_a_message_over_the_limit_the_consumer_sees_only_the_end_of_the_connection()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Notes>(), services => services
            .AddSingleton(_diary)
            .Configure<WebSocketConnectionOptions>(options => options.MaxMessageSize = 10));
        using var client = await server.ConnectAsync();
        await client.SendAsync("eleven bytes");
        Assert.StartsWith("close 1009", await client.ReceiveAsync(), StringComparison.Ordinal);
        await client.CloseAsync();
        Assert.Equal("connect", await _diary.NextAsync());
        Assert.Equal("disconnect 1009", await _diary.NextAsync());
        Assert.True(_diary.IsEmpty);
    }

    // CH-180
    [Fact]
    public async Task A_close_without_a_code_is_1005_to_the_consumer()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Notes>(), services => services.AddSingleton(_diary));
        using var client = await RawClient.ConnectAsync(server);
        Assert.Equal("connect", await _diary.NextAsync());
        await client.WriteFrameAsync(0x88, "");
        Assert.Equal("disconnect 1005", await _diary.NextAsync());
    }

    private sealed class SendsAndCloses : WebSocketConsumer
    {
        protected override async Task ReceiveAsync(string text)
        {
            await SendTextAsync(text);
            await (text == "last" ? CloseAsync() : CloseAsync(4123));
        }
    }

    // CH-174
    [Theory]
    [InlineData("last", "close 1000")]
    [InlineData("last with a code", "close 4123")]
    public async Task A_send_and_a_close_are_two_calls_and_come_in_their_order(string text, string close)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<SendsAndCloses>());
        using var client = await server.ConnectAsync();
        await client.SendAsync(text);
        Assert.Equal(text, await client.ReceiveAsync());
        Assert.Equal(close, await client.ReceiveAsync());
    }

    private sealed class SendsNothing(Diary diary) : WebSocketConsumer
    {
        protected override async Task ReceiveAsync(string text)
        {
            diary.Note((await Assert.ThrowsAsync<ArgumentNullException>(() => SendTextAsync(null!))).ParamName!);
            await SendTextAsync("");
        }
    }

    // CH-172
    [Fact]
    public async Task Null_is_no_text_and_the_empty_text_is_one()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<SendsNothing>(), services => services.AddSingleton(_diary));
        using var client = await server.ConnectAsync();
        await client.SendAsync("go");
        Assert.Equal("text", await _diary.NextAsync());
        Assert.Equal("", await client.ReceiveAsync());
    }

    private sealed record Order(string FirstName, int ItemCount);

    private sealed class Orders : JsonWebSocketConsumer<Order>
    {
        protected override Task ReceiveAsync(Order input) => SendJsonAsync(input with { ItemCount = input.ItemCount + 1 });
    }

    // CH-188: the hooks are the host's JSON options.
    [Fact]
    public async Task The_json_options_of_the_host_hold_both_ways()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Orders>(), services =>
            services.ConfigureHttpJsonOptions(options => options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower));
        using var client = await server.ConnectAsync();
        await client.SendAsync("""{"first_name":"Ann","item_count":1}""");
        Assert.Equal("""{"first_name":"Ann","item_count":2}""", await client.ReceiveAsync());
    }

    private sealed class Room : WebSocketConsumer, IHandle<Note>
    {
        private string Name => $"room_{Scope.RouteValues["room"]}";

        protected override async Task ConnectAsync()
        {
            await GroupAddAsync(Name);
            await AcceptAsync();
        }

        protected override Task ReceiveAsync(string text) => GroupSendAsync(Name, new Note(text));

        public Task HandleAsync(Note message) => SendTextAsync(message.Text);
    }

    // CH-193
    [Fact]
    public async Task What_one_tab_sends_both_tabs_of_the_room_see_and_none_of_another_room()
    {
        await using var server = await TestServer.StartAsync(app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter { ["chat/{room}/"] = Consumer.For<Room>() },
        }));
        using var first = await server.ConnectAsync("/chat/blue/");
        using var second = await server.ConnectAsync("/chat/blue/");
        using var other = await server.ConnectAsync("/chat/red/");
        await first.SendAsync("to blue");
        Assert.Equal("to blue", await first.ReceiveAsync());
        Assert.Equal("to blue", await second.ReceiveAsync());
        await other.SendAsync("to red");
        Assert.Equal("to red", await other.ReceiveAsync());
        await first.SendAsync("again");
        Assert.Equal("again", await second.ReceiveAsync());
    }
}
