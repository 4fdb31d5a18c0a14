using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Running;

/// <summary>Connections share threads, and none keeps another waiting.</summary>
public sealed class ConsumerDispatcherTests : IDisposable
{
    private readonly Diary _diary = new();
    private readonly Gate _gate = new();

    public void Dispose() => _gate.Dispose();

    /// <summary>What a handler waits for until the test opens it.</summary>
    private sealed class Gate : IDisposable
    {
        private readonly ManualResetEventSlim _blocking = new();
        private readonly TaskCompletionSource _awaited = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Block() => Assert.True(_blocking.Wait(2 * TestServer.Patience));

        public Task WaitAsync() => _awaited.Task;

        public void Open()
        {
            _blocking.Set();
            _awaited.TrySetResult();
        }

        public void Dispose() => _blocking.Dispose();
    }

    private sealed class Waits(Diary diary, Gate gate) : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room", "waiting"];

        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            await SendTextAsync("welcome");
        }

        protected override Task ReceiveAsync(string text) => DoAsync(text);

        public Task HandleAsync(Note message) => DoAsync(message.Text);

        private async Task DoAsync(string what)
        {
            switch (what)
            {
                case "block":
                    diary.Note("blocks");
                    gate.Block();
                    break;
                case "send and block":
                    await GroupSendAsync("room", new Note("from the one that blocks"));
                    diary.Note("blocks");
                    gate.Block();
                    break;
                case "await":
                    diary.Note("waits");
                    await gate.WaitAsync();
                    break;
            }

            await SendTextAsync(what);
        }
    }

    private sealed class Listens : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            await SendTextAsync("welcome");
        }

        public Task HandleAsync(Note message) => SendTextAsync(message.Text);

        protected override Task ReceiveAsync(string text) => SendTextAsync(text);
    }

    [Theory]
    [InlineData("block", "client")]
    [InlineData("block", "layer")]
    [InlineData("send and block", "client")]
    [InlineData("send and block", "layer")]
    [InlineData("await", "client")]
    [InlineData("await", "layer")]
    public async Task A_handler_that_blocks_or_waits_keeps_only_its_own_connection_waiting(string how, string source)
    {
        await using var server = await StartAsync();
        using var waiting = await ConnectAsync(server, "/waits/");
        var others = new List<WebSocketClient>();
        for (var i = 0; i < 20; i++)
        {
            others.Add(await ConnectAsync(server, "/ws/"));
        }

        if (source == "client")
        {
            await waiting.SendAsync(how);
        }
        else
        {
            await server.Layer.GroupSendAsync("waiting", new Note(how));
        }

        Assert.Equal(how == "await" ? "waits" : "blocks", await _diary.NextAsync());
        if (how == "send and block")
        {
            foreach (var other in others)
            {
                Assert.Equal("from the one that blocks", await other.ReceiveAsync());
            }
        }

        for (var i = 0; i < 50; i++)
        {
            await server.Layer.GroupSendAsync("room", new Note($"{i}"));
            foreach (var other in others)
            {
                Assert.Equal($"{i}", await other.ReceiveAsync());
            }
        }

        _gate.Open();
        Assert.Equal(how, await waiting.ReceiveAsync());
        if (how == "send and block")
        {
            Assert.Equal("from the one that blocks", await waiting.ReceiveAsync());
        }

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal($"{i}", await waiting.ReceiveAsync());
        }

        others.ForEach(other => other.Dispose());
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task More_handlers_than_processors_can_block_and_the_others_go_on()
    {
        await using var server = await StartAsync();
        var blocked = new List<WebSocketClient>();
        for (var i = 0; i < Environment.ProcessorCount + 2; i++)
        {
            blocked.Add(await ConnectAsync(server, "/waits/"));
        }

        using var other = await ConnectAsync(server, "/ws/");
        await server.Layer.GroupSendAsync("waiting", new Note("block"));
        foreach (var _ in blocked)
        {
            Assert.Equal("blocks", await _diary.NextAsync());
        }

        for (var i = 0; i < 20; i++)
        {
            await server.Layer.GroupSendAsync("room", new Note($"{i}"));
            Assert.Equal($"{i}", await other.ReceiveAsync());
        }

        _gate.Open();
        foreach (var client in blocked)
        {
            Assert.Equal("block", await client.ReceiveAsync());
            Assert.Equal("0", await client.ReceiveAsync());
            client.Dispose();
        }
    }

    private sealed class Counts : WebSocketConsumer, IHandle<Note>
    {
        private int _count;

        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override Task ReceiveAsync(string text)
        {
            _count++;
            return text == "how many?" ? SendTextAsync($"{_count}") : Task.CompletedTask;
        }

        public Task HandleAsync(Note message) => SendTextAsync($"{message.Text}");
    }

    [Fact]
    public async Task A_consumer_that_its_client_floods_keeps_nobody_waiting_nor_its_own_messages()
    {
        await using var server = await TestServer.StartAsync(app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter { ["ws/"] = Consumer.For<Listens>(), ["counts/"] = Consumer.For<Counts>() },
        }));
        using var flooding = await RawClient.ConnectAsync(server, "/counts/");
        using var other = await ConnectAsync(server, "/ws/");
        using var stopped = new CancellationTokenSource();
        var sent = 0;
        var flood = Task.Run(async () =>
        {
            var frames = Enumerable.Repeat(RawClient.Frame(0x81, "x"u8.ToArray()), 1000).SelectMany(frame => frame).ToArray();
            while (!stopped.IsCancellationRequested)
            {
                await flooding.WriteAsync(frames);
                sent += 1000;
            }
        });
        for (var i = 0; i < 200; i++)
        {
            await server.Layer.GroupSendAsync("room", new Note($"{i}"));
            Assert.Equal($"{i}", await other.ReceiveAsync());
            Assert.Equal($"text {i}", await flooding.NextAsync());
            await other.SendAsync("hello");
            Assert.Equal("hello", await other.ReceiveAsync());
        }

        await stopped.CancelAsync();
        await flood;
        await flooding.WriteFrameAsync(0x81, "how many?");
        Assert.Equal($"text {sent + 1}", await flooding.NextAsync());
        Assert.InRange(sent, 1000, int.MaxValue);
    }

    private sealed class SendsInOrder : WebSocketConsumer, IHandle<Note>
    {
        private int _next;

        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override Task ReceiveAsync(string text) => SendNextAsync("client");

        public async Task HandleAsync(Note message)
        {
            await SendNextAsync("layer");
            if (message.Text == "last")
            {
                await Task.Yield();
                await SendNextAsync("end");
                await CloseAsync(4000);
            }
        }

        private async Task SendNextAsync(string source)
        {
            await SendTextAsync($"{_next++} {source}");
            await Task.Yield();
            await SendTextAsync($"{_next++} {source}");
        }
    }

    [Fact]
    public async Task What_a_consumer_sends_keeps_its_order_whoever_caused_it_and_the_close_is_the_end()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<SendsInOrder>());
        using var client = await server.ConnectAsync();
        await client.SendAsync("are you there?");
        Assert.Equal("0 client", await client.ReceiveAsync());
        Assert.Equal("1 client", await client.ReceiveAsync());
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                await client.SendAsync("x");
            }
        });
        var fromLayer = 0;
        for (var i = 2; i < 602; i++)
        {
            if (fromLayer < 100)
            {
                fromLayer++;
                await server.Layer.GroupSendAsync("room", new Note("x"));
            }

            Assert.StartsWith($"{i} ", await client.ReceiveAsync(), StringComparison.Ordinal);
        }

        await sending;
        await server.Layer.GroupSendAsync("room", new Note("last"));
        for (var i = 602; i < 606; i++)
        {
            Assert.Equal($"{i} {(i < 604 ? "layer" : "end")}", await client.ReceiveAsync());
        }

        Assert.Equal("close 4000", await client.ReceiveAsync());
    }

    private sealed class SendsInBackground : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text)
        {
            var count = int.Parse(text, CultureInfo.InvariantCulture);
            _ = Task.Run(async () =>
            {
                for (var i = 0; i < count; i++)
                {
                    await SendTextAsync($"{i}");
                }

                await CloseAsync(4000, "done");
            });
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_task_of_the_consumer_can_send_and_close_while_the_consumer_is_idle()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<SendsInBackground>());
        using var client = await server.ConnectAsync();
        await client.SendAsync("500");
        for (var i = 0; i < 500; i++)
        {
            Assert.Equal($"{i}", await client.ReceiveAsync());
        }

        Assert.Equal("close 4000 done", await client.ReceiveAsync());
    }

    private sealed class SendsMuch : WebSocketConsumer
    {
        protected override async Task ReceiveAsync(string text)
        {
            for (var i = 0; i < 100; i++)
            {
                for (var j = 0; j < 10; j++)
                {
                    await SendTextAsync($"{10 * i + j} {new string('x', 1000)}");
                }

                await FlushAsync();
            }
        }
    }

    [Fact]
    public async Task Who_flushes_can_send_more_than_the_queue_holds_to_a_client_that_reads_slowly()
    {
        await using var server = await TestServer.StartAsync(
            Consumer.For<SendsMuch>(),
            services => TestServer.SendLittle(services.Configure<WebSocketConnectionOptions>(options => options.MaxQueuedMessages = 10)));
        using var client = await RawClient.ConnectAsync(server, takesLittle: true);
        await client.WriteFrameAsync(0x81, "begin");
        for (var i = 0; i < 1000; i++)
        {
            Assert.StartsWith($"text {i} ", await client.NextAsync(), StringComparison.Ordinal);
        }
    }

    private Task<TestServer> StartAsync() => TestServer.StartAsync(
        app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter { ["ws/"] = Consumer.For<Listens>(), ["waits/"] = Consumer.For<Waits>() },
        }),
        services => services.AddSingleton(_diary).AddSingleton(_gate));

    private static async Task<WebSocketClient> ConnectAsync(TestServer server, string path)
    {
        var client = await server.ConnectAsync(path);
        Assert.Equal("welcome", await client.ReceiveAsync());
        return client;
    }
}
