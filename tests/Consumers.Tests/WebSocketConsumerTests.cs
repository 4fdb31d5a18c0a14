using System.Net;
using System.Net.WebSockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet;

/// <summary>What consumers of a test have noted, in order.</summary>
public sealed class Diary
{
    private readonly Channel<string> _entries = Channel.CreateUnbounded<string>();

    public void Note(string entry) => _entries.Writer.TryWrite(entry);

    public async Task<string> NextAsync() => await _entries.Reader.ReadAsync().AsTask().WaitAsync(TestServer.Patience);

    public bool IsEmpty => _entries.Reader.Count == 0;
}

public sealed class WebSocketConsumerTests
{
    private readonly Diary _diary = new();

    private sealed class Echo : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);

        protected override Task ReceiveAsync(ReadOnlyMemory<byte> bytes) => SendBytesAsync(bytes);
    }

    // CH-171
    [Theory]
    [InlineData("hello")]
    [InlineData("")]
    [InlineData("häh 😀")]
    public async Task Text_comes_back_as_text(string text)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>());
        using var client = await server.ConnectAsync();
        await client.SendAsync(text);
        Assert.Equal(text, await client.ReceiveAsync());
        await client.SendAsync("next");
        Assert.Equal("next", await client.ReceiveAsync());
    }

    // CH-190
    [Fact]
    public async Task A_large_fragmented_binary_message_comes_back_whole()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>());
        using var client = await server.ConnectAsync();
        var part = Enumerable.Repeat((byte)'x', 70_000).ToArray();
        await client.SendAsync(part, endOfMessage: false);
        await client.SendAsync(part, endOfMessage: true);
        Assert.Equal(new string('x', 140_000), await client.ReceiveAsync());
    }

    // CH-189
    [Fact]
    public async Task A_message_over_the_limit_closes_with_1009()
    {
        await using var server = await TestServer.StartAsync(
            Consumer.For<Echo>(), services => services.Configure<WebSocketConnectionOptions>(options => options.MaxMessageSize = 100));
        using var client = await server.ConnectAsync();
        await client.SendAsync(new byte[100]);
        Assert.Equal(new string('\0', 100), await client.ReceiveAsync());
        await client.SendAsync(new byte[101]);
        Assert.StartsWith("close 1009", await client.ReceiveAsync(), StringComparison.Ordinal);
    }

    private sealed class Lifetime(Diary diary) : WebSocketConsumer, IHandle<Note>, IAsyncDisposable
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            await SendTextAsync(ChannelName);
        }

        protected override Task ReceiveAsync(string text) => text switch
        {
            "throw" => throw new InvalidOperationException("thrown by the handler"),
            "close" => CloseAsync(4007, "as asked"),
            _ => Task.CompletedTask,
        };

        public Task HandleAsync(Note message) => SendTextAsync(message.Text);

        protected override async Task DisconnectAsync(int code)
        {
            // It has left its group, so it does not hear this itself, and sending to the client is no error.
            await GroupSendAsync("room", new Note("I am gone"));
            await SendTextAsync("nobody hears this");
            diary.Note($"disconnect {code}");
        }

        public ValueTask DisposeAsync()
        {
            diary.Note("disposed");
            return ValueTask.CompletedTask;
        }
    }

    public static TheoryData<string, int> Ends => new()
    {
        { "the client closes", 3001 },
        { "the connection breaks", 1006 },
        { "the handler throws", 1011 },
        { "the consumer closes", 4007 },
        { "the server stops", 1012 },
    };

    // CH-155, CH-175, CH-177, CH-180; where we differ from CH-155: the fault is logged and the connection closed
    [Theory]
    [MemberData(nameof(Ends))]
    public async Task However_a_connection_ends_its_consumer_is_gone(string end, int code)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Lifetime>(), services => services.AddSingleton(_diary));
        var local = server.Local;
        using var client = await server.ConnectAsync();
        var channel = await client.ReceiveAsync();
        await server.Layer.GroupSendAsync("room", new Note("hello"));
        Assert.Equal("hello", await client.ReceiveAsync());
        Assert.Equal((1, 1), (local.ChannelCount, local.GroupCount));

        switch (end)
        {
            case "the client closes":
                await client.CloseAsync(3001);
                break;
            case "the connection breaks":
                client.Socket.Abort();
                break;
            case "the handler throws":
                await client.SendAsync("throw");
                Assert.StartsWith("close 1011", await client.ReceiveAsync(), StringComparison.Ordinal);
                break;
            case "the consumer closes":
                await client.SendAsync("close");
                Assert.Equal("close 4007 as asked", await client.ReceiveAsync());
                await client.CloseAsync();
                break;
            case "the server stops":
                var stopping = server.App.StopAsync();
                Assert.StartsWith("close 1012", await client.ReceiveAsync(), StringComparison.Ordinal);
                await client.CloseAsync();
                await stopping;
                break;
        }

        Assert.Equal($"disconnect {code}", await _diary.NextAsync());
        Assert.Equal("disposed", await _diary.NextAsync());
        Assert.Equal((0, 0), (local.ChannelCount, local.GroupCount));
        Assert.True(_diary.IsEmpty);
        await server.Layer.SendAsync(channel, new Note("to nobody"));
        if (end == "the handler throws")
        {
            Assert.Equal(["Lifetime failed; its websocket connection is closed thrown by the handler"], server.Errors);
        }
        else
        {
            Assert.Empty(server.Errors);
        }
    }

    private sealed class Refuses : WebSocketConsumer
    {
        protected override Task ConnectAsync() => CloseAsync();
    }

    private sealed class RefusesPolitely : WebSocketConsumer
    {
        protected override Task ConnectAsync() => Scope.Query.ContainsKey("late") ? LateAsync() : SendAsync(
            new Refusal(429, "Too many of you.") { Headers = new HeaderDictionary { ["Retry-After"] = "7" } });

        private async Task LateAsync()
        {
            await AcceptAsync();
            await RefuseAsync(429, "Too many of you.");
        }
    }

    [Fact]
    public async Task A_refusal_has_a_status_headers_and_a_body()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<RefusesPolitely>());
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address + "/ws/"));
        foreach (var (name, value) in new[]
        {
            ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        })
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("Too many of you.", await response.Content.ReadAsStringAsync());
        Assert.Equal("text/plain; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("7", response.Headers.RetryAfter!.ToString());
    }

    [Fact]
    public async Task A_refusal_after_the_accept_closes_with_1008()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<RefusesPolitely>());
        using var client = await server.ConnectAsync("/ws/?late");
        Assert.Equal("close 1008 Too many of you.", await client.ReceiveAsync());
    }

    private sealed class FailsToConnect : WebSocketConsumer
    {
        protected override Task ConnectAsync() => throw new InvalidOperationException("at connect");
    }

    private sealed class NeverDecides(Diary diary) : WebSocketConsumer
    {
        protected override Task ConnectAsync() => Task.CompletedTask;

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    // CH-166
    [Fact]
    public async Task A_refused_client_gets_403()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Refuses>());
        Assert.Equal(HttpStatusCode.Forbidden, await RefusedAsync(server));
    }

    // CH-169
    [Fact]
    public async Task A_handler_that_throws_before_it_accepts_answers_500_with_one_log_line()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<FailsToConnect>());
        Assert.Equal(HttpStatusCode.InternalServerError, await RefusedAsync(server));
        Assert.Single(server.Errors);
    }

    [Fact]
    public async Task A_client_that_is_neither_accepted_nor_rejected_gets_503_in_the_end()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<NeverDecides>(), services => services
            .AddSingleton(_diary)
            .Configure<WebSocketConnectionOptions>(options => options.AcceptTimeout = TimeSpan.FromMilliseconds(50)));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await RefusedAsync(server));
        Assert.Equal("disconnect 1006", await _diary.NextAsync());
    }

    private sealed class Chooses : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            await AcceptAsync(Scope.Subprotocols[1], new HeaderDictionary { ["X-Room"] = "blue" });
            await SendTextAsync(string.Join(",", Scope.Subprotocols));
        }
    }

    // CH-162, CH-163
    [Fact]
    public async Task A_subprotocol_and_headers_reach_the_client()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Chooses>());
        using var client = await server.ConnectAsync(options: options =>
        {
            options.AddSubProtocol("p1");
            options.AddSubProtocol("p2");
            options.CollectHttpResponseDetails = true;
        });
        Assert.Equal("p1,p2", await client.ReceiveAsync());
        Assert.Equal("p2", client.Socket.SubProtocol);
        Assert.Equal(["blue"], client.Socket.HttpResponseHeaders!["X-Room"]);
    }

    private sealed class Slow(Diary diary) : WebSocketConsumer, IHandle<Note>
    {
        private int _inside;

        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override Task ReceiveAsync(string text) => WorkAsync($"client {text}");

        public Task HandleAsync(Note message) => WorkAsync($"layer {message.Text}");

        private async Task WorkAsync(string what)
        {
            Assert.Equal(1, Interlocked.Increment(ref _inside));
            await Task.Yield();
            diary.Note(what);
            Interlocked.Decrement(ref _inside);
        }
    }

    [Fact]
    public async Task Handlers_never_overlap_and_both_sources_keep_their_order()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Slow>(), services => services.AddSingleton(_diary));
        using var client = await server.ConnectAsync();
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                await client.SendAsync($"{i}");
            }
        });
        for (var i = 0; i < 50; i++)
        {
            await server.Layer.GroupSendAsync("room", new Note($"{i}"));
        }

        await sending;
        var noted = new List<string>();
        while (noted.Count < 100)
        {
            noted.Add(await _diary.NextAsync());
        }

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"client {i}"), noted.Where(entry => entry.StartsWith("client", StringComparison.Ordinal)));
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"layer {i}"), noted.Where(entry => entry.StartsWith("layer", StringComparison.Ordinal)));
        Assert.Empty(server.Errors);
    }

    private sealed class Deaf : WebSocketConsumer
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];
    }

    // CH-146
    [Fact]
    public async Task A_message_without_a_handler_ends_the_connection_and_the_log_says_what_to_write()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Deaf>());
        using var client = await server.ConnectAsync();
        await server.Layer.GroupSendAsync("room", new Note("hello"));
        Assert.StartsWith("close 1011", await client.ReceiveAsync(), StringComparison.Ordinal);
        Assert.Contains("IHandle<Note>", Assert.Single(server.Errors), StringComparison.Ordinal);
    }

    private sealed record Input(string Name, int Count);

    private sealed class Json : JsonWebSocketConsumer<Input>
    {
        protected override Task ReceiveAsync(Input input) => SendJsonAsync(input with { Count = input.Count + 1 });
    }

    // CH-184, CH-187
    [Theory]
    [InlineData("""{"name":"tea","count":1}""", """{"name":"tea","count":2}""")]
    [InlineData("{", "close 1003 Expected a JSON Input; it is wrong at $.")]
    [InlineData("", "close 1003 Expected a JSON Input; it is wrong at $.")]
    [InlineData("null", "close 1003 Expected a JSON Input, not null.")]
    [InlineData("""{"count":"many"}""", "close 1003 Expected a JSON Input; it is wrong at $.count.")]
    public async Task A_json_consumer_takes_one_shape(string input, string answer)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Json>());
        using var client = await server.ConnectAsync();
        await client.SendAsync(input);
        Assert.Equal(answer, await client.ReceiveAsync());
    }

    // CH-185
    [Fact]
    public async Task A_json_consumer_closes_on_a_binary_message()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Json>());
        using var client = await server.ConnectAsync();
        await client.SendAsync([1, 2]);
        Assert.StartsWith("close 1003", await client.ReceiveAsync(), StringComparison.Ordinal);
    }

    private static async Task<HttpStatusCode> RefusedAsync(TestServer server)
    {
        HttpStatusCode status = default;
        await Assert.ThrowsAsync<WebSocketException>(async () =>
        {
            using var socket = new ClientWebSocket();
            socket.Options.CollectHttpResponseDetails = true;
            try
            {
                await socket.ConnectAsync(new Uri(server.Address.Replace("http", "ws", StringComparison.Ordinal) + "/ws/"), CancellationToken.None);
            }
            finally
            {
                status = socket.HttpStatusCode;
            }
        });
        return status;
    }
}
