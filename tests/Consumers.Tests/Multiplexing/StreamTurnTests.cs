using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Multiplexing;

/// <summary>Streams of one socket go on beside each other, and what waits for each is bounded.</summary>
public sealed class StreamTurnTests : IDisposable
{
    private readonly Diary _diary = new();
    private readonly ManualResetEventSlim _gate = new();

    public void Dispose() => _gate.Dispose();

    private sealed class Blocks(Diary diary, ManualResetEventSlim gate) : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text)
        {
            diary.Note("blocks");
            Assert.True(gate.Wait(2 * TestServer.Patience));
            return SendTextAsync(text);
        }
    }

    private sealed class BlocksAtConnect(Diary diary, ManualResetEventSlim gate) : WebSocketConsumer
    {
        protected override Task ConnectAsync()
        {
            diary.Note("blocks");
            Assert.True(gate.Wait(2 * TestServer.Patience));
            return AcceptAsync();
        }

        protected override Task ReceiveAsync(string text) => SendTextAsync(text);
    }

    private sealed class Listens : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        public Task HandleAsync(Note message) => SendJsonAsync(message.Text);

        protected override Task ReceiveAsync(string text) => SendTextAsync(text);
    }

    [Fact]
    public async Task A_handler_that_blocks_its_thread_keeps_only_its_stream_waiting()
    {
        await using var server = await StartAsync(new Multiplexer { ["blocks"] = Consumer.For<Blocks>(), ["listens"] = Consumer.For<Listens>() });
        using var client = await StreamsClient.ConnectAsync(server, "blocks", "listens");
        await client.SendAsync("blocks", "1");
        await client.SendAsync("blocks", "2");
        Assert.Equal("blocks", await _diary.NextAsync());
        for (var i = 0; i < 50; i++)
        {
            await client.SendAsync("listens", $"{i}");
            Assert.Equal($"{i}", await client.NextAsync("listens"));
            await server.Layer.GroupSendAsync("room", new Note($"{i}"));
            Assert.Equal($"\"{i}\"", await client.NextAsync("listens"));
        }

        _gate.Set();
        Assert.Equal("1", await client.NextAsync("blocks"));
        Assert.Equal("2", await client.NextAsync("blocks"));
    }

    [Fact]
    public async Task A_stream_that_blocks_at_the_connect_keeps_no_other_waiting_and_loses_nothing()
    {
        await using var server = await StartAsync(new Multiplexer { ["blocks"] = Consumer.For<BlocksAtConnect>(), ["listens"] = Consumer.For<Listens>() });
        using var client = await StreamsClient.ConnectAsync(server, "listens");
        Assert.Equal("blocks", await _diary.NextAsync());
        await client.SendAsync("blocks", "1");
        await client.SendAsync("listens", "2");
        Assert.Equal("2", await client.NextAsync("listens"));
        _gate.Set();
        Assert.Equal("open", await client.NextAsync("blocks"));
        Assert.Equal("1", await client.NextAsync("blocks"));
    }

    [Fact]
    public async Task While_a_stream_is_behind_nothing_more_is_read_from_the_client()
    {
        var multiplexer = new Multiplexer { ["blocks"] = Consumer.For<Blocks>(), ["listens"] = Consumer.For<Listens>() };
        await using var server = await StartAsync(multiplexer);
        var socket = new FakeSocket();
        var running = socket.RunAsync(multiplexer, server);
        await socket.SentAsync("\"stream\":\"listens\",\"open\"");
        for (var i = 0; i < 100; i++)
        {
            socket.Receive(new WebSocketReceive($$"""{"stream":"blocks","payload":{{i}}}"""));
        }

        // The connect, one that is handled, 16 that wait, and one for which there is no place; then it stays so however much goes on beside.
        Assert.Equal("blocks", await _diary.NextAsync());
        await socket.TakenAsync(19);
        for (var i = 0; i < 50; i++)
        {
            await server.Layer.GroupSendAsync("room", new Note($"note {i}"));
            await socket.SentAsync($"note {i}");
        }

        Assert.Equal(19, socket.Taken);
        _gate.Set();
        for (var i = 0; i < 100; i++)
        {
            await socket.SentAsync($"\"payload\":{i}}}");
        }

        socket.Receive(new WebSocketDisconnect(1000));
        await running;
    }

    private sealed class AcceptsWhenTold(Diary diary) : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override async Task ConnectAsync()
        {
            var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => SendTextAsync("1"));
            Assert.Contains("Call AcceptAsync first", fault.Message, StringComparison.Ordinal);
            diary.Note("not accepted yet");
        }

        public Task HandleAsync(Note message) => AcceptAsync();

        protected override Task ReceiveAsync(string text) => SendTextAsync(text);

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task What_the_client_sends_waits_until_the_stream_is_accepted()
    {
        await using var server = await StartAsync(new Multiplexer { ["a"] = Consumer.For<AcceptsWhenTold>() });
        using var client = await StreamsClient.ConnectAsync(server);
        await client.SendAsync("a", "1");
        Assert.Equal("not accepted yet", await _diary.NextAsync());
        await server.Layer.GroupSendAsync("room", new Note("accept"));
        Assert.Equal("open", await client.NextAsync("a"));
        Assert.Equal("1", await client.NextAsync("a"));
        await server.Layer.GroupSendAsync("room", new Note("accept again"));
        Assert.Equal("close 1011 The server has failed.", await client.NextAsync("a"));
        Assert.Contains("accepted already", Assert.Single(server.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(50, null)]
    [InlineData(3_600_000, 50)]
    public async Task A_stream_that_is_neither_accepted_nor_closed_is_closed_in_the_end(int millisecondsOfHost, int? millisecondsOfRoute)
    {
        var streams = new Multiplexer { ["a"] = Consumer.For<AcceptsWhenTold>() };
        await using var server = await StartAsync(
            millisecondsOfRoute is { } route ? streams.WithWebSocketOptions(options => options.AcceptTimeout = TimeSpan.FromMilliseconds(route)) : streams,
            options => options.AcceptTimeout = TimeSpan.FromMilliseconds(millisecondsOfHost));
        using var client = await StreamsClient.ConnectAsync(server);
        Assert.Equal("close 1013 The server has not accepted the stream.", await client.NextAsync("a"));
        Assert.Equal("not accepted yet", await _diary.NextAsync());
        Assert.Equal("disconnect 1006", await _diary.NextAsync());
        Assert.Equal("close 1000 Every stream has ended.", await client.NextAsync(""));
    }

    [Fact]
    public async Task A_stream_that_waits_to_be_accepted_ends_with_the_socket()
    {
        await using var server = await StartAsync(new Multiplexer { ["a"] = Consumer.For<AcceptsWhenTold>() });
        using var client = await StreamsClient.ConnectAsync(server);
        await client.SendAsync("a", "1");
        Assert.Equal("not accepted yet", await _diary.NextAsync());
        await client.Socket.CloseAsync(3001);
        Assert.Equal("disconnect 3001", await _diary.NextAsync());
        Assert.Empty(server.Errors);
    }

    private sealed class AcceptsWrongly : WebSocketConsumer
    {
        protected override Task ConnectAsync() =>
            Scope.Stream == "headers" ? AcceptAsync(headers: new HeaderDictionary { ["X-Room"] = "blue" }) : AcceptAsync("p1");
    }

    [Theory]
    [InlineData("headers")]
    [InlineData("subprotocol")]
    public async Task Only_the_socket_has_headers_and_a_subprotocol(string stream)
    {
        await using var server = await StartAsync(new Multiplexer { [stream] = Consumer.For<AcceptsWrongly>() });
        using var client = await StreamsClient.ConnectAsync(server);
        Assert.Equal("close 1011 The server has failed.", await client.NextAsync(stream));
        Assert.Contains("Multiplexer.Subprotocol", Assert.Single(server.Errors), StringComparison.Ordinal);
    }

    private Task<TestServer> StartAsync(IApplication application, Action<WebSocketConnectionOptions>? configure = null) => TestServer.StartAsync(
        application, services => services.AddSingleton(_diary).AddSingleton(_gate).Configure(configure ?? (_ => { })));
}
