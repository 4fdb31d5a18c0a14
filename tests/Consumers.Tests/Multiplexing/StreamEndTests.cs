using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Multiplexing;

/// <summary>How streams end: one by itself, all with their socket.</summary>
public sealed class StreamEndTests
{
    private readonly Diary _diary = new();

    private sealed class Member(Diary diary) : WebSocketConsumer, IHandle<Note>, IAsyncDisposable
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override Task ConnectAsync() => Scope.Query[Scope.Stream!].ToString() switch
        {
            "refuse" => RefuseAsync(429, "Too many of you."),
            "close" => CloseAsync(4001, "not you"),
            "throw" => throw new InvalidOperationException("at connect"),
            _ => AcceptAsync(),
        };

        protected override async Task ReceiveAsync(string text)
        {
            switch (text)
            {
                case "\"throw\"":
                    throw new InvalidOperationException("by the client");
                case "\"close\"":
                    await CloseAsync(4007, "as asked");
                    await SendTextAsync("\"nobody hears this\"");
                    await CloseAsync(4008, "not again");
                    break;
                case "\"send text\"":
                    await SendTextAsync("no json");
                    break;
                case "\"send bytes\"":
                    await SendBytesAsync("1"u8.ToArray());
                    break;
                default:
                    await SendTextAsync(text);
                    break;
            }
        }

        public Task HandleAsync(Note message) => SendJsonAsync(message.Text);

        protected override async Task DisconnectAsync(int code)
        {
            await GroupSendAsync("room", new Note($"{Scope.Stream} is gone"));
            diary.Note($"{Scope.Stream} disconnect {code}");
        }

        public ValueTask DisposeAsync()
        {
            diary.Note($"{Scope.Stream} disposed");
            return ValueTask.CompletedTask;
        }
    }

    [Theory]
    [InlineData("throw", "close 1011 The server has failed.", 1011, "by the client")]
    [InlineData("close", "close 4007 as asked", 4007, null)]
    [InlineData("send text", "close 1011 The server has failed.", 1011, "SendJsonAsync")]
    [InlineData("send bytes", "close 1011 The server has failed.", 1011, "SendJsonAsync")]
    public async Task A_consumer_that_closes_or_fails_ends_its_stream_and_no_other(string how, string close, int code, string? error)
    {
        await using var server = await StartAsync("a", "b");
        using var client = await StreamsClient.ConnectAsync(server, "a", "b");
        await client.SendAsync("a", $"\"{how}\"");
        Assert.Equal(close, await client.NextAsync("a"));
        Assert.Equal($"a disconnect {code}", await _diary.NextAsync());
        Assert.Equal("a disposed", await _diary.NextAsync());
        Assert.Equal("\"a is gone\"", await client.NextAsync("b"));

        // What the client had sent before it knew goes nowhere.
        await client.SendAsync("a", "\"too late\"");
        await client.SendAsync("b", "\"still here\"");
        Assert.Equal("\"still here\"", await client.NextAsync("b"));
        await client.Socket.CloseAsync(3001);
        Assert.Equal("b disconnect 3001", await _diary.NextAsync());
        Assert.Equal("b disposed", await _diary.NextAsync());
        Assert.True(_diary.IsEmpty);
        if (error is null)
        {
            Assert.Empty(server.Errors);
        }
        else
        {
            Assert.Contains(error, Assert.Single(server.Errors), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("refuse", "close 1008 Too many of you.", 1006)]
    [InlineData("close", "close 4001 not you", 1006)]
    [InlineData("throw", "close 1011 The server has failed.", 1011)]
    public async Task A_stream_that_is_refused_is_closed_without_having_been_open(string how, string close, int code)
    {
        await using var server = await StartAsync("a", "b");
        using var client = new StreamsClient(await server.ConnectAsync($"/ws/?a={how}"));
        Assert.Equal(close, await client.NextAsync("a"));
        Assert.Equal("open", await client.NextAsync("b"));
        Assert.Equal($"a disconnect {code}", await _diary.NextAsync());
        Assert.Equal("a disposed", await _diary.NextAsync());
        await client.SendAsync("b", "\"still here\"");
        while (await client.NextAsync("b") is var next && next != "\"still here\"")
        {
            Assert.Equal("\"a is gone\"", next);
        }
    }

    [Fact]
    public async Task When_the_last_stream_has_ended_the_socket_is_closed()
    {
        await using var server = await StartAsync("a", "b");
        using var client = await StreamsClient.ConnectAsync(server, "a", "b");
        await client.SendAsync("a", "\"close\"");
        Assert.Equal("close 4007 as asked", await client.NextAsync("a"));
        Assert.Equal("\"a is gone\"", await client.NextAsync("b"));
        await client.SendAsync("b", "\"close\"");
        Assert.Equal("close 4007 as asked", await client.NextAsync("b"));
        Assert.Equal("close 1000 Every stream has ended.", await client.NextAsync(""));
    }

    public static TheoryData<string, int> Ends => new()
    {
        { "the client closes", 3001 },
        { "the connection breaks", 1006 },
        { "the server stops", 1012 },
        { "the client sends no envelope", 1003 },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task However_the_socket_ends_every_consumer_is_gone_once(string end, int code)
    {
        await using var server = await StartAsync("a", "b", "c");
        var local = server.Local;
        using var client = await StreamsClient.ConnectAsync(server, "a", "b", "c");
        Assert.Equal((3, 1), (local.ChannelCount, local.GroupCount));
        var stopping = Task.CompletedTask;
        switch (end)
        {
            case "the client closes":
                await client.Socket.CloseAsync(3001);
                break;
            case "the connection breaks":
                client.Socket.Abort();
                break;
            case "the server stops":
                stopping = server.App.StopAsync();
                Assert.StartsWith("close 1012", await client.NextAsync(""), StringComparison.Ordinal);
                await client.Socket.CloseAsync();
                break;
            case "the client sends no envelope":
                await client.Socket.SendAsync("hello");
                Assert.StartsWith("close 1003", await client.NextAsync(""), StringComparison.Ordinal);
                await client.Socket.CloseAsync();
                break;
        }

        var noted = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            noted.Add(await _diary.NextAsync());
        }

        await stopping;
        Assert.Equal(
            [$"a disconnect {code}", "a disposed", $"b disconnect {code}", "b disposed", $"c disconnect {code}", "c disposed"], noted.Order());
        Assert.True(_diary.IsEmpty);
        Assert.Equal((0, 0), (local.ChannelCount, local.GroupCount));
        Assert.Empty(server.Errors);
    }

    private sealed class Waits(Diary diary, SemaphoreSlim gate) : WebSocketConsumer
    {
        protected override async Task ReceiveAsync(string text)
        {
            await gate.WaitAsync();
            diary.Note(text);
        }

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task What_the_client_has_sent_before_it_closed_is_handled_before_the_end()
    {
        using var gate = new SemaphoreSlim(0);
        await using var server = await TestServer.StartAsync(
            new Multiplexer { ["a"] = Consumer.For<Waits>() }, services => services.AddSingleton(_diary).AddSingleton(gate));
        var socket = new FakeSocket();
        var running = socket.RunAsync(new Multiplexer { ["a"] = Consumer.For<Waits>() }, server);
        await socket.SentAsync("open");
        for (var i = 0; i < 3; i++)
        {
            socket.Receive(new WebSocketReceive($$"""{"stream":"a","payload":{{i}}}"""));
        }

        socket.Receive(new WebSocketDisconnect(3001));
        gate.Release(3);
        foreach (var expected in new[] { "0", "1", "2", "disconnect 3001" })
        {
            Assert.Equal(expected, await _diary.NextAsync());
        }

        await running;
    }

    private sealed class AnswersItself : IApplication
    {
        public async Task RunAsync(Scope scope, IConnection connection)
        {
            await connection.ReceiveAsync();
            await connection.SendAsync(new WebSocketAccept());
            await connection.SendAsync(WebSocketSend.Text("1"));
            if (scope.Stream == "fails")
            {
                throw new InvalidOperationException("by an application");
            }
        }
    }

    [Fact]
    public async Task An_application_that_is_done_or_fails_ends_its_stream()
    {
        await using var server = await TestServer.StartAsync(
            new Multiplexer { ["done"] = new AnswersItself(), ["fails"] = new AnswersItself(), ["a"] = Consumer.For<Member>() },
            services => services.AddSingleton(_diary));
        using var client = await StreamsClient.ConnectAsync(server, "done", "fails", "a");
        Assert.Equal("1", await client.NextAsync("done"));
        Assert.Equal("close 1000", await client.NextAsync("done"));
        Assert.Equal("1", await client.NextAsync("fails"));
        Assert.Equal("close 1011 The server has failed.", await client.NextAsync("fails"));
        Assert.Equal("The application of the stream fails failed; the stream is closed by an application", Assert.Single(server.Errors));
    }

    private Task<TestServer> StartAsync(params string[] streams)
    {
        var multiplexer = new Multiplexer();
        foreach (var stream in streams)
        {
            multiplexer[stream] = Consumer.For<Member>();
        }

        return TestServer.StartAsync(multiplexer, services => services.AddSingleton(_diary));
    }
}
