using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Inline;

/// <summary>Consumers without a class.</summary>
public sealed class InlineConsumerTests
{
    private readonly Diary _diary = new();

    private sealed record Input(string Name, int Count);

    [MessageType("test.forgotten")]
    private sealed record Forgotten : Message;

    [Fact]
    public async Task A_delegate_answers_text()
    {
        await using var server = await TestServer.StartAsync(
            new InlineConsumer().OnText((socket, text) => socket.SendTextAsync(text.ToUpperInvariant())));
        using var client = await server.ConnectAsync();
        await client.SendAsync([1, 2]);
        await client.SendAsync("hello");
        Assert.Equal("HELLO", await client.ReceiveAsync());
    }

    [Fact]
    public async Task Each_event_has_its_delegate()
    {
        await using var server = await TestServer.StartAsync(
            new InlineConsumer()
                .OnConnect(async socket =>
                {
                    await socket.AcceptAsync("p1", new HeaderDictionary { ["X-Room"] = "blue" });
                    await socket.SendTextAsync($"welcome {socket.Scope.Query["name"]}");
                })
                .OnText((socket, text) => socket.CloseAsync(4007, text))
                .OnBytes((socket, bytes) => socket.SendBytesAsync(bytes))
                .OnDisconnect((socket, code) =>
                {
                    _diary.Note($"disconnect {code} {socket.Scope.Query["name"]}");
                    return Task.CompletedTask;
                }));
        using var client = await server.ConnectAsync("/ws/?name=ann", options => options.AddSubProtocol("p1"));
        Assert.Equal("p1", client.Socket.SubProtocol);
        Assert.Equal("welcome ann", await client.ReceiveAsync());
        await client.SendAsync("binary"u8.ToArray());
        Assert.Equal("binary", await client.ReceiveAsync());
        await client.SendAsync("bye");
        Assert.Equal("close 4007 bye", await client.ReceiveAsync());
        await client.CloseAsync();
        Assert.Equal("disconnect 4007 ann", await _diary.NextAsync());
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Messages_of_its_groups_reach_the_delegate_of_their_type_or_of_a_base_type()
    {
        await using var server = await TestServer.StartAsync(
            new InlineConsumer().Groups("room").Groups("hall")
                .On<Note>((socket, note) => socket.SendJsonAsync(note))
                .On<Message>((socket, message) => socket.SendTextAsync(message.GetType().Name)));
        using var client = await server.ConnectAsync();
        await server.Layer.GroupSendAsync("room", new Note("hello"));
        Assert.Equal("""{"text":"hello"}""", await client.ReceiveAsync());
        await server.Layer.GroupSendAsync("hall", new UntypedMessage("what.ever", new Dictionary<string, object?>()));
        Assert.Equal("UntypedMessage", await client.ReceiveAsync());
    }

    [Fact]
    public async Task It_sends_to_groups_and_channels_and_joins_and_leaves()
    {
        await using var server = await TestServer.StartAsync(
            new InlineConsumer()
                .OnText(async (socket, text) =>
                {
                    await socket.GroupAddAsync("room");
                    await socket.GroupSendAsync("room", new Note($"{text} to the group"));
                    await socket.GroupSendAsync("room", new Note("not to itself"), exceptSelf: true);
                    await socket.SendAsync(socket.ChannelName, new Note($"{text} to itself"));
                    await socket.GroupDiscardAsync("room");
                    await socket.Layer.GroupSendAsync("room", new Note("to nobody"));
                    await socket.FlushAsync();
                })
                .On<Note>((socket, note) => socket.ForwardJsonAsync(note)));
        using var client = await server.ConnectAsync();
        await client.SendAsync("hello");
        Assert.Contains("hello to the group", await client.ReceiveAsync(), StringComparison.Ordinal);
        Assert.Contains("hello to itself", await client.ReceiveAsync(), StringComparison.Ordinal);
        await client.SendAsync("again");
        Assert.Contains("again to the group", await client.ReceiveAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"tea","count":1}""", """{"name":"tea","count":2}""")]
    [InlineData("{", "close 1003 Expected a JSON Input; it is wrong at $.")]
    [InlineData("null", "close 1003 Expected a JSON Input, not null.")]
    [InlineData("binary", "close 1003 Expected a JSON Input as text, not a binary message.")]
    public async Task A_delegate_takes_json_of_one_shape(string input, string answer)
    {
        await using var server = await TestServer.StartAsync(
            new InlineConsumer().OnJson<Input>((socket, input) => socket.SendJsonAsync(input with { Count = input.Count + 1 })));
        using var client = await server.ConnectAsync();
        await (input == "binary" ? client.SendAsync([1, 2]) : client.SendAsync(input));
        Assert.Equal(answer, await client.ReceiveAsync());
    }

    [Fact]
    public async Task Beside_json_a_delegate_of_its_own_takes_binary_messages()
    {
        var json = new InlineConsumer().OnJson<int>((socket, number) => socket.SendJsonAsync(number + 1));
        await using var server = await TestServer.StartAsync(json.OnBytes((socket, bytes) => socket.SendBytesAsync(bytes)));
        using var client = await server.ConnectAsync();
        await client.SendAsync("binary"u8.ToArray());
        Assert.Equal("binary", await client.ReceiveAsync());
        await client.SendAsync("0");
        Assert.Equal("1", await client.ReceiveAsync());
    }

    [Fact]
    public async Task A_delegate_refuses_a_client()
    {
        await using var server = await TestServer.StartAsync(new InlineConsumer().OnConnect(socket => socket.RefuseAsync(429)));
        Assert.Equal(HttpStatusCode.TooManyRequests, await server.StatusAsync("/ws/"));
    }

    private sealed class Counter
    {
        public int Count { get; set; }
    }

    [Fact]
    public async Task Services_are_those_of_the_connection()
    {
        await using var server = await TestServer.StartAsync(
            new InlineConsumer().OnText((socket, _) => socket.SendJsonAsync(++socket.Scope.Services.GetRequiredService<Counter>().Count)),
            services => services.AddScoped<Counter>());
        foreach (var client in new[] { await server.ConnectAsync(), await server.ConnectAsync() })
        {
            await client.SendAsync("");
            Assert.Equal("1", await client.ReceiveAsync());
            await client.SendAsync("");
            Assert.Equal("2", await client.ReceiveAsync());
            client.Dispose();
        }
    }

    [Fact]
    public async Task A_message_without_a_delegate_ends_the_connection_and_the_log_says_what_to_write()
    {
        await using var server = await TestServer.StartAsync(new InlineConsumer().Groups("room"));
        using var client = await server.ConnectAsync();
        await server.Layer.GroupSendAsync("room", new Note("hello"));
        Assert.StartsWith("close 1011", await client.ReceiveAsync(), StringComparison.Ordinal);
        Assert.Contains(".On<Note>(", Assert.Single(server.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_with_it_is_told_at_the_start()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(
            new InlineConsumer().Layer("alerts").On<Forgotten>((_, _) => Task.CompletedTask).On<Note>((_, _) => Task.CompletedTask)));
        Assert.Contains(".AddMessage<Forgotten>()", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(".AddMessage<Note>()", fault.Message, StringComparison.Ordinal);
        Assert.Contains("\"alerts\"", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_event_has_one_delegate()
    {
        var consumer = new InlineConsumer().OnText((_, _) => Task.CompletedTask).On<Note>((_, _) => Task.CompletedTask);
        Assert.Contains("OnJson", Assert.Throws<InvalidOperationException>(() => consumer.OnJson<Input>((_, _) => Task.CompletedTask)).Message, StringComparison.Ordinal);
        Assert.Contains("Note", Assert.Throws<InvalidOperationException>(() => consumer.On<Note>((_, _) => Task.CompletedTask)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_consumer_stays_as_it_is_when_another_is_made_of_it()
    {
        var silent = new InlineConsumer();
        await using var server = await TestServer.StartAsync(app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter
            {
                ["one/"] = silent.OnText((socket, _) => socket.SendTextAsync("one")),
                ["two/"] = silent.OnText((socket, _) => socket.SendTextAsync("two")),
            },
        }));
        foreach (var name in new[] { "one", "two" })
        {
            using var client = await server.ConnectAsync($"/{name}/");
            await client.SendAsync("who?");
            Assert.Equal(name, await client.ReceiveAsync());
        }
    }
}
