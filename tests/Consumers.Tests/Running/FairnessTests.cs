using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Running;

/// <summary>What never blocks does not wait behind what may block.</summary>
public sealed class FairnessTests : IDisposable
{
    private readonly ManualResetEventSlim _gate = new();
    private readonly Diary _diary = new();

    public void Dispose() => _gate.Dispose();

    private sealed class Blocks(ManualResetEventSlim gate, Diary diary) : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        public async Task HandleAsync(Note message)
        {
            await SendTextAsync("before it blocks");
            diary.Note("blocks");
            Assert.True(gate.Wait(3 * TestServer.Patience));
        }

        protected override async Task ReceiveAsync(string text)
        {
            switch (text)
            {
                case "block":
                    await SendTextAsync("before it blocks");
                    Assert.True(gate.Wait(3 * TestServer.Patience));
                    break;
                case "flush":
                    await SendTextAsync("before the flush");
                    FlushAsync().Wait();
                    diary.Note("flushed");
                    break;
                case "much":
                    for (var i = 0; i < 1500; i++)
                    {
                        await SendTextAsync($"{i}");
                    }

                    break;
            }

            await SendTextAsync(text);
        }
    }

    private sealed class Quick : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            if (Scope.Query["much"] == "yes")
            {
                for (var i = 0; i < 1500; i++)
                {
                    await SendTextAsync($"{i}");
                }
            }
        }

        public Task HandleAsync(Note message) => SendTextAsync(message.Text);
    }

    /// <summary>The client has them while the handler that sent them still blocks.</summary>
    [Fact]
    public async Task What_a_handler_has_sent_before_it_blocks_goes_out()
    {
        await using var server = await StartAsync();
        using var client = await server.ConnectAsync("/blocks/");
        await client.SendAsync("block");
        Assert.Equal("before it blocks", await client.ReceiveAsync());
        _gate.Set();
        Assert.Equal("block", await client.ReceiveAsync());
    }

    [Fact]
    public async Task A_handler_may_block_its_thread_for_a_flush()
    {
        await using var server = await StartAsync();
        using var client = await server.ConnectAsync("/blocks/");
        await client.SendAsync("flush");
        Assert.Equal("before the flush", await client.ReceiveAsync());
        Assert.Equal("flushed", await _diary.NextAsync());
        Assert.Equal("flush", await client.ReceiveAsync());
    }

    /// <summary>Many more handlers block than the pool has threads, and would keep every new thread of it for the whole test.</summary>
    [Fact]
    public async Task The_message_of_a_quick_consumer_does_not_wait_for_handlers_that_block()
    {
        await using var server = await StartAsync();
        using var quick = await server.ConnectAsync("/quick/");
        var blocked = new List<WebSocketClient>();
        for (var i = 0; i < 60; i++)
        {
            blocked.Add(await server.ConnectAsync("/blocks/"));
        }

        await server.Layer.GroupSendAsync("room", new Note("hello"));
        Assert.Equal("hello", await quick.ReceiveAsync());
        _gate.Set();
        foreach (var client in blocked)
        {
            Assert.Equal("before it blocks", await client.ReceiveAsync());
            client.Dispose();
        }
    }

    /// <summary>The queue holds 1,000: a client is not to blame for what nobody has begun to write.</summary>
    [Theory]
    [InlineData("/blocks/", "much")]
    [InlineData("/quick/?much=yes", null)]
    public async Task A_handler_can_send_more_at_once_than_the_queue_holds(string path, string? text)
    {
        await using var server = await StartAsync();
        for (var round = 0; round < 10; round++)
        {
            using var client = await server.ConnectAsync(path);
            if (text is not null)
            {
                await client.SendAsync(text);
            }

            for (var i = 0; i < 1500; i++)
            {
                Assert.Equal($"{i}", await client.ReceiveAsync());
            }
        }
    }

    /// <summary>Clients that answer pings are not cut because no thread of the pool is free to notice.</summary>
    [Fact]
    public async Task A_pool_without_a_free_thread_cuts_no_client_that_answers()
    {
        await using var server = await StartAsync(options => (options.PingInterval, options.PingTimeout) = (TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(800)));
        var idle = new List<WebSocketClient>();
        for (var i = 0; i < 10; i++)
        {
            idle.Add(await server.ConnectAsync("/quick/"));
        }

        // The clients read, and so answer pings, on the same threads.
        var receiving = idle.Select(client => client.Socket.ReceiveAsync(new byte[100].AsMemory(), CancellationToken.None).AsTask()).ToArray();

        // Every thread is taken, each new one too, for longer than a client may be silent.
        await Task.WhenAll(Enumerable.Range(0, 8 * Environment.ProcessorCount).Select(_ => Task.Run(() => Thread.Sleep(TimeSpan.FromSeconds(1.5)))));
        await server.Layer.GroupSendAsync("room", new Note("still there?"));
        foreach (var received in receiving)
        {
            Assert.Equal("still there?".Length, (await received.WaitAsync(TestServer.Patience)).Count);
        }

        idle.ForEach(client => client.Dispose());
    }

    private Task<TestServer> StartAsync(Action<WebSocketConnectionOptions>? configure = null) => TestServer.StartAsync(
        app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter { ["blocks/"] = Consumer.For<Blocks>(), ["quick/"] = Consumer.For<Quick>() },
        }),
        services => services.AddSingleton(_gate).AddSingleton(_diary).Configure<WebSocketConnectionOptions>(options => configure?.Invoke(options)));
}
