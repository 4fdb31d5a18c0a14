using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.WebSockets;

/// <summary>A client that is silent is asked whether it lives.</summary>
public sealed class PingTests
{
    private readonly Diary _diary = new();
    private readonly FakeTimeProvider _time = new();

    private sealed class Echo(Diary diary) : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_silent_client_is_pinged_and_its_pong_keeps_the_connection()
    {
        await using var server = await StartAsync(Consumer.For<Echo>());
        using var client = await ConnectAsync(server);
        for (var i = 0; i < 10; i++)
        {
            Pass(TimeSpan.FromSeconds(21));
            Assert.Equal("ping", await client.NextAsync());
            await client.WriteFrameAsync(0x8A, "");
            await EchoAsync(client, $"{i}");
        }
    }

    [Fact]
    public async Task No_answer_in_time_cuts_the_connection()
    {
        await using var server = await StartAsync(Consumer.For<Echo>());
        using var client = await ConnectAsync(server);
        Pass(TimeSpan.FromSeconds(21));
        Assert.Equal("ping", await client.NextAsync());
        Pass(TimeSpan.FromSeconds(28.5));
        Assert.True(_diary.IsEmpty);

        // The time runs from the moment in which the ping has left, which the server may notice a little later than the client.
        await PassUntilEndedAsync(client);
        Assert.Equal("disconnect 1006", await _diary.NextAsync());
        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData("text")]
    [InlineData("ping")]
    public async Task Whatever_a_client_sends_shows_that_it_lives(string what)
    {
        await using var server = await StartAsync(Consumer.For<Echo>());
        using var client = await ConnectAsync(server);
        for (var i = 0; i < 20; i++)
        {
            Pass(TimeSpan.FromSeconds(15));

            // What comes back is the answer, never a ping.
            if (what == "text")
            {
                await EchoAsync(client, $"{i}");
            }
            else
            {
                await client.WriteFrameAsync(0x89, $"{i}");
                Assert.Equal($"pong {i}", await client.NextAsync());
            }
        }
    }

    [Fact]
    public async Task Whatever_a_client_sends_answers_a_ping()
    {
        await using var server = await StartAsync(Consumer.For<Echo>());
        using var client = await ConnectAsync(server);
        for (var i = 0; i < 5; i++)
        {
            Pass(TimeSpan.FromSeconds(21));
            Assert.Equal("ping", await client.NextAsync());
            Pass(TimeSpan.FromSeconds(15));
            await EchoAsync(client, $"{i}");
        }
    }

    [Fact]
    public async Task With_an_interval_of_zero_nobody_is_pinged()
    {
        await using var server = await StartAsync(Consumer.For<Echo>(), options => options.PingInterval = TimeSpan.Zero);
        using var client = await ConnectAsync(server);
        Pass(TimeSpan.FromHours(1));
        await EchoAsync(client, "still there");
    }

    private sealed class AcceptsLater(Diary diary) : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override Task ConnectAsync()
        {
            diary.Note("asked");
            return Task.CompletedTask;
        }

        public Task HandleAsync(Note message) => AcceptAsync();

        protected override Task ReceiveAsync(string text) => SendTextAsync(text);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3600)]
    public async Task That_the_time_to_accept_has_passed_means_nothing_to_who_was_accepted(int interval)
    {
        await using var server = await StartAsync(Consumer.For<AcceptsLater>(), options => options.PingInterval = TimeSpan.FromSeconds(interval));
        var connecting = RawClient.ConnectAsync(server);
        Assert.Equal("asked", await _diary.NextAsync());
        await server.Layer.GroupSendAsync("room", new Note("accept"));
        using var client = await connecting;
        await EchoAsync(client, "hello");
        Pass(TimeSpan.FromSeconds(30));
        await EchoAsync(client, "still there");
    }

    private sealed class WaitsInHandler(Diary diary, TaskCompletionSource gate) : WebSocketConsumer
    {
        protected override async Task ReceiveAsync(string text)
        {
            diary.Note(text);
            if (text == "wait")
            {
                await gate.Task;
            }

            await SendTextAsync(text);
        }
    }

    [Fact]
    public async Task While_a_handler_takes_its_time_pings_go_out_and_their_answers_count()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await StartAsync(Consumer.For<WaitsInHandler>(), services: services => services.AddSingleton(gate));
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteFrameAsync(0x81, "wait");
        Assert.Equal("wait", await _diary.NextAsync());
        for (var i = 0; i < 6; i++)
        {
            Pass(TimeSpan.FromSeconds(21));
            Assert.Equal("ping", await client.NextAsync());

            // That the answer to this one comes shows that the server has read what was sent before.
            await client.WriteFrameAsync(0x8A, "");
            await client.WriteFrameAsync(0x89, $"{i}");
            Assert.Equal($"pong {i}", await client.NextAsync());
        }

        gate.SetResult();
        Assert.Equal("text wait", await client.NextAsync());
        await client.WriteFrameAsync(0x81, "next");
        Assert.Equal("text next", await client.NextAsync());
    }

    [Fact]
    public async Task A_client_that_answers_no_ping_is_cut_though_a_handler_takes_its_time()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await StartAsync(Consumer.For<WaitsInHandler>(), services: services => services.AddSingleton(gate));
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteFrameAsync(0x81, "wait");
        Assert.Equal("wait", await _diary.NextAsync());
        await PassUntilEndedAsync(client);
        gate.SetResult();
    }

    /// <summary>What waits unread may hold its answers.</summary>
    [Fact]
    public async Task A_client_is_not_judged_while_its_next_message_waits_for_a_handler()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await StartAsync(Consumer.For<WaitsInHandler>(), services: services => services.AddSingleton(gate));
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteFrameAsync(0x81, "wait");
        await client.WriteFrameAsync(0x81, "next");
        Assert.Equal("wait", await _diary.NextAsync());
        for (var i = 0; i < 6; i++)
        {
            Pass(TimeSpan.FromSeconds(21));
            Assert.Equal("ping", await client.NextAsync());
        }

        gate.SetResult();
        Assert.Equal("text wait", await client.NextAsync());
        Assert.Equal("text next", await client.NextAsync());
    }

    [Fact]
    public void That_pings_could_not_leave_is_nothing_to_blame_the_client_for()
    {
        var keepAlive = default(KeepAlive);
        var options = new WebSocketConnectionOptions();
        keepAlive.OnActivity(_time);
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(20));
            Assert.NotNull(keepAlive.Check(_time, options, isReading: true, out var ping));
            Assert.True(ping);
        }

        // Now the first one leaves.
        keepAlive.OnPingSent(_time);
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.NotNull(keepAlive.Check(_time, options, isReading: true, out _));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(keepAlive.Check(_time, options, isReading: true, out _));
    }

    private sealed class ClosesOnMessage(Diary diary) : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => CloseAsync(4000);

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_client_that_does_not_answer_a_close_is_cut_in_the_end()
    {
        await using var server = await StartAsync(Consumer.For<ClosesOnMessage>());
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteFrameAsync(0x81, "close");
        Assert.Equal("close 4000", await client.NextAsync());
        Pass(TimeSpan.FromSeconds(4.5));
        Assert.True(_diary.IsEmpty);
        Pass(TimeSpan.FromSeconds(2));
        Assert.Equal("disconnect 4000", await _diary.NextAsync());
        await AssertEndedAsync(client);
    }

    private static async Task AssertEndedAsync(RawClient client)
    {
        try
        {
            Assert.Empty(await client.ReadToEndAsync());
        }
        catch (IOException)
        {
            // Cut, not ended.
        }
    }

    private void Pass(TimeSpan time)
    {
        for (var bit = TimeSpan.FromMilliseconds(100); time > TimeSpan.Zero; time -= bit)
        {
            _time.Advance(bit);
        }
    }

    private async Task PassUntilEndedAsync(RawClient client)
    {
        var ended = AssertPingsUntilEndAsync(client);
        while (!ended.IsCompleted)
        {
            Pass(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await ended;
    }

    private static async Task AssertPingsUntilEndAsync(RawClient client)
    {
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (true)
            {
                Assert.Equal("ping", await client.NextAsync());
            }
        });
    }

    private static async Task EchoAsync(RawClient client, string text)
    {
        await client.WriteFrameAsync(0x81, text);
        Assert.Equal($"text {text}", await client.NextAsync());
    }

    /// <summary>Once a message has come back the connection is open and its first deadline set.</summary>
    private static async Task<RawClient> ConnectAsync(TestServer server)
    {
        var client = await RawClient.ConnectAsync(server);
        await EchoAsync(client, "hello");
        return client;
    }

    private Task<TestServer> StartAsync(
        IApplication application, Action<WebSocketConnectionOptions>? configure = null, Action<IServiceCollection>? services = null) =>
        TestServer.StartAsync(application, all =>
        {
            all.AddSingleton(_diary).AddSingleton<TimeProvider>(_time).Configure<WebSocketConnectionOptions>(options => configure?.Invoke(options));
            services?.Invoke(all);
        });
}
