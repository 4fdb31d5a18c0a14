using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using ChannelsNet.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace ChannelsNet.Running;

/// <summary>Handlers and other code that go on when their client is gone.</summary>
public sealed class OutlivingTests
{
    private readonly Diary _diary = new();
    private readonly FakeLogCollector _log = FakeLogCollector.Create(new FakeLogCollectorOptions { FilteredLevels = { LogLevel.Warning, LogLevel.Error } });

    /// <summary>The clock of Django Channels' tutorial, written as it stands there.</summary>
    private sealed class TutorialClock(Diary diary) : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            while (true)
            {
                await SendJsonAsync(DateTime.UtcNow);
                await Task.Delay(20);
            }
        }

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData("close", 4001)]
    [InlineData("fin", 1006)]
    [InlineData("reset", 1006)]
    public async Task A_handler_that_sends_for_ever_ends_with_its_client(string how, int code)
    {
        await using var server = await StartAsync(Consumer.For<TutorialClock>());
        using (var client = await RawClient.ConnectAsync(server))
        {
            Assert.StartsWith("text ", await client.NextAsync(), StringComparison.Ordinal);
            switch (how)
            {
                case "close":
                    await client.WriteFrameAsync(0x88, [4001 >> 8, 4001 & 0xFF]);
                    Assert.Equal($"disconnect {code}", await _diary.NextAsync());
                    break;
                case "reset":
                    client.Socket.LingerState = new LingerOption(true, 0);
                    break;
            }
        }

        if (how != "close")
        {
            Assert.Equal($"disconnect {code}", await _diary.NextAsync());
        }

        Assert.Empty(_log.GetSnapshot());
    }

    [Fact]
    public async Task A_host_that_stops_does_not_wait_for_a_handler_that_sends_for_ever()
    {
        await using var server = await StartAsync(Consumer.For<TutorialClock>());
        using var client = await server.ConnectAsync();
        await client.ReceiveAsync();
        var stopping = server.App.StopAsync();
        while (!(await client.ReceiveAsync()).StartsWith("close 1012", StringComparison.Ordinal))
        {
        }

        await client.CloseAsync(1012);
        Assert.Equal("disconnect 1012", await _diary.NextAsync());
        await stopping.WaitAsync(TestServer.Patience);
    }

    private sealed class EventsForEver(Diary diary) : HttpConsumer
    {
        protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            while (true)
            {
                await SendEventAsync("tick");
                await Task.Delay(20);
            }
        }

        protected override Task DisconnectAsync()
        {
            diary.Note("disconnect");
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_stream_of_events_that_is_sent_for_ever_ends_with_its_client()
    {
        await using var server = await StartAsync(http: Consumer.For<EventsForEver>());
        using (var client = new Client(server))
        {
            using var response = await client.GetAsync();
            Assert.Equal("data: tick", await response.EventAsync());
        }

        Assert.Equal("disconnect", await _diary.NextAsync());
        Assert.Empty(_log.GetSnapshot());
    }

    /// <summary>It neither sends nor looks at Scope.Aborted.</summary>
    private sealed class NeverEnds(Diary diary, TaskCompletionSource gate) : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            switch (Scope.Query["do"])
            {
                case "accept":
                    await AcceptAsync();
                    break;
                case "block":
                    diary.Note("waits");
                    gate.Task.Wait();
                    return;
            }

            diary.Note("waits");
            await gate.Task;
            diary.Note("goes on");
        }

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    private sealed class NeverAnswers(Diary diary, TaskCompletionSource gate) : HttpConsumer
    {
        protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            diary.Note("waits");
            await gate.Task;
            diary.Note("goes on");
            await RespondAsync(200, "too late");
        }

        protected override Task DisconnectAsync()
        {
            diary.Note("disconnect");
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData("/ws/?do=accept")]
    [InlineData("/ws/?do=nothing")]
    [InlineData("/ws/?do=block")]
    [InlineData("/http/")]
    public async Task An_application_that_outlives_its_client_is_named_once_and_the_host_stops_without_it(string path)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await StartAsync(Consumer.For<NeverEnds>(), Consumer.For<NeverAnswers>(), services => services.AddSingleton(gate));
        using (var client = new TcpClient())
        {
            var uri = new Uri(server.Address);
            await client.ConnectAsync(uri.Host, uri.Port);
            await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(
                $"GET {path} HTTP/1.1\r\nHost: {uri.Authority}\r\n"
                + (path == "/http/" ? "\r\n" : "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")));
            Assert.Equal("waits", await _diary.NextAsync());
        }

        var warning = await NextLineAsync(line => line.Message.Contains("still running", StringComparison.Ordinal));
        Assert.Contains(path == "/http/" ? "HTTP: /http/ => NeverAnswers" : "WebSocket: /ws/ => NeverEnds", warning.Message, StringComparison.Ordinal);
        Assert.Equal(LogLevel.Warning, warning.Level);
        await server.App.StopAsync().WaitAsync(TestServer.Patience);
        Assert.Contains(_log.GetSnapshot(), line => line.Message.Contains("the host stops without the application", StringComparison.Ordinal));

        // What it does later harms nobody.
        gate.SetResult();
        if (!path.Contains("block", StringComparison.Ordinal))
        {
            Assert.Equal("goes on", await _diary.NextAsync());
        }

        Assert.StartsWith("disconnect", await _diary.NextAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(_log.GetSnapshot(), line => line.Level == LogLevel.Error);
        Assert.Single(_log.GetSnapshot(), line => line.Message.Contains("still running", StringComparison.Ordinal) && line.Message.Contains("after its client", StringComparison.Ordinal));
    }

    /// <summary>The client gets its response though the thread of the handler is blocked.</summary>
    [Theory]
    [InlineData("accept", HttpStatusCode.SwitchingProtocols)]
    [InlineData("nothing", HttpStatusCode.ServiceUnavailable)]
    [InlineData("block", HttpStatusCode.ServiceUnavailable)]
    public async Task The_time_to_accept_runs_while_ConnectAsync_does(string what, HttpStatusCode expected)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await StartAsync(Consumer.For<NeverEnds>(), configure: services => services.AddSingleton(gate)
            .Configure<WebSocketConnectionOptions>(options => options.AcceptTimeout = TimeSpan.FromMilliseconds(100)));
        Assert.Equal(expected, await server.StatusAsync($"/ws/?do={what}"));
        gate.SetResult();
    }

    /// <summary>What is left running, and where it finds its scope.</summary>
    private sealed class Leftovers
    {
        public TaskCompletionSource<Scope> Scope { get; } = new();

        public Func<string, Task>? SendAsync { get; set; }
    }

    private sealed class LeavesWorkRunning(Leftovers leftovers) : HttpConsumer
    {
        protected override Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            if (Scope.Query["who"] == "Ann")
            {
                leftovers.SendAsync = text => SendPartAsync(text);
                leftovers.Scope.TrySetResult(Scope);
            }

            return RespondAsync(200, Scope.User.Identity!.Name!);
        }
    }

    [Fact]
    public async Task What_is_left_running_keeps_its_own_scope_and_never_sees_another_request()
    {
        var leftovers = new Leftovers();
        await using var server = await TestServer.StartAsync(
            app =>
            {
                app.Use((context, next) =>
                {
                    context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, context.Request.Query["who"]!)], "test"));
                    return next(context);
                });
                app.MapChannels(new ProtocolTypeRouter { Http = new UrlRouter { ["http/{room}/"] = Consumer.For<LeavesWorkRunning>() } });
            },
            services => services.AddSingleton(leftovers));

        // One connection, so that the server uses the context again.
        using var client = new Client(server);
        using (var response = await client.GetAsync("/http/tea/?who=Ann", request => request.Headers.Add("X-Secret", "of Ann")))
        {
            Assert.Equal("Ann", await response.TextAsync());
        }

        var scope = await leftovers.Scope.Task;
        for (var i = 0; i < 20; i++)
        {
            using var response = await client.PostAsync("x", "/http/coffee/?who=Bob");
            Assert.Equal("Bob", await response.TextAsync());
            Assert.Equal("Ann", scope.User.Identity?.Name);
            Assert.Equal("Ann", scope.Query["who"]);
            Assert.Equal("of Ann", scope.Headers["X-Secret"]);
            Assert.Equal("GET", scope.Method);
            Assert.Equal("tea", scope.RouteValues["room"]);
            Assert.Equal("/http/tea/", scope.Path);
            Assert.True(scope.Aborted.IsCancellationRequested);
            Assert.Contains("request has ended", Assert.Throws<InvalidOperationException>(() => scope.HttpContext).Message, StringComparison.Ordinal);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leftovers.SendAsync!("to whom?"));
            Assert.DoesNotContain("Ann", scope.ToString(), StringComparison.Ordinal);
        }
    }

    private sealed class StartsWork(Leftovers leftovers) : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text)
        {
            leftovers.SendAsync = async message =>
            {
                await SendTextAsync(message);
                await GroupAddAsync("room");
            };
            leftovers.Scope.TrySetResult(Scope);
            return SendTextAsync(text);
        }

        // What is sent here goes nowhere and does not throw.
        protected override Task DisconnectAsync(int code) => SendTextAsync("good-bye");
    }

    [Fact]
    public async Task What_a_WebSocket_consumer_leaves_running_ends_when_it_sends()
    {
        var leftovers = new Leftovers();
        await using var server = await StartAsync(Consumer.For<StartsWork>(), configure: services => services.AddSingleton(leftovers));
        using (var client = await server.ConnectAsync())
        {
            await client.SendAsync("hello");
            Assert.Equal("hello", await client.ReceiveAsync());
            await client.CloseAsync();
        }

        var scope = await leftovers.Scope.Task;
        var ended = new TaskCompletionSource();
        await using (scope.Aborted.Register(ended.SetResult))
        {
            await ended.Task.WaitAsync(TestServer.Patience);
        }

        Assert.Throws<InvalidOperationException>(() => scope.HttpContext);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leftovers.SendAsync!("hello?"));
        Assert.Empty(_log.GetSnapshot());
    }

    private async Task<FakeLogRecord> NextLineAsync(Func<FakeLogRecord, bool> isIt)
    {
        using var patience = new CancellationTokenSource(TestServer.Patience);
        await foreach (var line in _log.GetLogsAsync(cancellationToken: patience.Token))
        {
            if (isIt(line))
            {
                return line;
            }
        }

        throw new InvalidOperationException("The log has ended.");
    }

    private Task<TestServer> StartAsync(IApplication? webSocket = null, IApplication? http = null, Action<IServiceCollection>? configure = null) => TestServer.StartAsync(
        app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = webSocket is null ? null : new UrlRouter { ["ws/"] = webSocket },
            Http = http is null ? null : new UrlRouter { ["http/"] = http },
        }),
        services =>
        {
            services.AddSingleton(_diary).AddLogging(logging => logging.AddProvider(new FakeLoggerProvider(_log)))
                .Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMinutes(1))
                .Configure<WebSocketConnectionOptions>(options =>
                {
                    options.CloseTimeout = TimeSpan.FromMilliseconds(100);
                    options.ApplicationCloseTimeout = TimeSpan.FromMilliseconds(300);
                })
                .Configure<HttpConnectionOptions>(options => options.ApplicationCloseTimeout = TimeSpan.FromMilliseconds(300));
            configure?.Invoke(services);
        });
}
