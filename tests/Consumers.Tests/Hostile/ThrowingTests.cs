using System.Diagnostics.Metrics;
using System.Net;
using System.Net.WebSockets;
using ChannelsNet.Http;
using ChannelsNet.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Hostile;

/// <summary>Applications that throw and answer where nobody expects it. None ends the process, and none keeps the others from being served and drained.</summary>
public sealed class ThrowingTests
{
    private readonly Diary _diary = new();

    private sealed class Echo : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);
    }

    /// <summary>Throws wherever the query says.</summary>
    private sealed class Throws : WebSocketConsumer, IHandle<Note>, IDisposable
    {
        public Throws(IHttpContextAccessor accessor) => ThrowIf("constructor", accessor.HttpContext!.Request.Query["where"]);

        protected internal override IReadOnlyList<string> Groups
        {
            get
            {
                ThrowIf("groups");
                return ["room"];
            }
        }

        protected override async Task ConnectAsync()
        {
            ThrowIf("connect");
            if (Scope.Query["token"].Count > 0)
            {
                Scope.Aborted.Register(() => throw new InvalidOperationException("the callback of a token"));
            }

            await AcceptAsync();
            ThrowIf("accepted");
            await SendTextAsync("welcome");
        }

        protected override Task ReceiveAsync(string text)
        {
            ThrowIf("receive");
            return Task.CompletedTask;
        }

        public Task HandleAsync(Note message)
        {
            ThrowIf("message");
            return Task.CompletedTask;
        }

        protected override Task DisconnectAsync(int code)
        {
            ThrowIf("disconnect");
            return Task.CompletedTask;
        }

        public void Dispose() => ThrowIf("dispose");

        private void ThrowIf(string where) => ThrowIf(where, Scope.Query["where"]);

        private static void ThrowIf(string where, Microsoft.Extensions.Primitives.StringValues asked)
        {
            if (asked.ToString().Split('+').Contains(where))
            {
                throw new InvalidOperationException($"thrown in {where}");
            }
        }
    }

    [Theory]
    [InlineData("constructor", HttpStatusCode.InternalServerError)]
    [InlineData("groups", HttpStatusCode.InternalServerError)]
    [InlineData("connect", HttpStatusCode.InternalServerError)]
    [InlineData("connect+dispose", HttpStatusCode.InternalServerError)]
    [InlineData("connect+disconnect+dispose", HttpStatusCode.InternalServerError)]
    public async Task What_throws_before_the_acceptance_is_a_500(string where, HttpStatusCode expected)
    {
        await using var server = await StartAsync();
        Assert.Equal(expected, await server.StatusAsync($"/throws/?where={Uri.EscapeDataString(where)}"));
        await AssertServesAsync(server);
    }

    /// <summary>Also one whose end throws once more while a read of the client is under way.</summary>
    [Theory]
    [InlineData("accepted")]
    [InlineData("receive")]
    [InlineData("receive+dispose")]
    [InlineData("receive+disconnect+dispose")]
    [InlineData("message")]
    [InlineData("message+dispose")]
    [InlineData("message+disconnect+dispose")]
    public async Task What_throws_after_the_acceptance_is_closed_with_1011(string where)
    {
        await using var server = await StartAsync();
        using var client = await server.ConnectAsync($"/throws/?token=yes&where={Uri.EscapeDataString(where)}");
        if (!where.StartsWith("accepted", StringComparison.Ordinal))
        {
            Assert.Equal("welcome", await client.ReceiveAsync());
            await client.SendAsync("hello");
            await server.Layer.GroupSendAsync("room", new Note("hello"));
        }

        Assert.Equal("close 1011 The server has failed.", await client.ReceiveAsync());

        // The client does not answer, so the time for its answer passes after the application has ended.
        await AssertEndsAsync(server);
        await AssertServesAsync(server);
    }

    /// <summary>An application of its own kind, without the consumer's care.</summary>
    private sealed class GivesUp(string what) : IApplication
    {
        public async Task RunAsync(Scope scope, IConnection connection)
        {
            await connection.ReceiveAsync();
            if (what != "before the acceptance")
            {
                await connection.SendAsync(new WebSocketAccept());
            }

            // A read is under way when it gives up.
            _ = connection.ReceiveAsync().AsTask();
            throw new InvalidOperationException("given up");
        }
    }

    [Fact]
    public async Task An_application_that_gives_up_is_closed_with_1011()
    {
        await using var server = await StartAsync(("gives up/", new GivesUp("")));
        using var client = await server.ConnectAsync("/gives%20up/");
        Assert.Equal("close 1011 The server has failed.", await client.ReceiveAsync());
        await AssertEndsAsync(server);
        Assert.Contains(server.Errors, line => line.Contains("given up", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_application_that_gives_up_before_the_acceptance_is_a_500()
    {
        await using var server = await StartAsync(("gives up/", new GivesUp("before the acceptance")));
        Assert.Equal(HttpStatusCode.InternalServerError, await server.StatusAsync("/gives%20up/"));
        await AssertEndsAsync(server);
    }

    /// <summary>Answers as a controller would.</summary>
    private sealed class AnswersByItself : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            var response = Scope.HttpContext!.Response;
            response.StatusCode = StatusCodes.Status402PaymentRequired;
            if (Scope.Query["text"] == "yes")
            {
                await response.WriteAsync("Pay first.");
            }
        }
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("no")]
    public async Task A_response_of_the_consumer_s_own_reaches_the_client(string text)
    {
        await using var server = await StartAsync();
        Assert.Equal(HttpStatusCode.PaymentRequired, await server.StatusAsync($"/own/?text={text}"));
        await AssertEndsAsync(server);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_response_of_the_consumer_s_own_does_not_keep_others_from_being_drained()
    {
        await using var server = await StartAsync(configure: services => services.Configure<WebSocketConnectionOptions>(options => options.AcceptTimeout = TimeSpan.FromMinutes(1)));
        var paying = server.StatusAsync("/own/?text=no");
        using var client = await server.ConnectAsync("/ws/");
        await client.SendAsync("hello");
        Assert.Equal("hello", await client.ReceiveAsync());
        var stopping = server.App.StopAsync();
        Assert.StartsWith("close 1012", await client.ReceiveAsync(), StringComparison.Ordinal);
        await client.CloseAsync(1012);
        await stopping.WaitAsync(TestServer.Patience);
        Assert.Equal(HttpStatusCode.PaymentRequired, await paying);
    }

    private sealed class ThrowingLog : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("ChannelsNet", StringComparison.Ordinal) ? this : new WrittenLog();

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new InvalidOperationException("the log is full");

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Dispose()
        {
        }
    }

    /// <summary>Every timer, refusal, failure and stop logs something.</summary>
    [Fact]
    public async Task A_log_that_throws_ends_nothing_but_what_it_is_about()
    {
        await using var server = await StartAsync(configure: services => services.AddLogging(logging => logging.AddProvider(new ThrowingLog())));
        await server.StatusAsync("/throws/?where=connect");
        await server.StatusAsync("/ws/", ("Origin", "https://other.example"));
        await server.StatusAsync("/never/");
        using (var client = await server.ConnectAsync("/throws/?where=receive"))
        {
            await client.SendAsync("hello");
            await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                while (true)
                {
                    await client.ReceiveAsync();
                }
            });
        }

        using (var raw = await RawClient.ConnectAsync(server))
        {
            await raw.WriteFrameAsync(0xF1, "reserved bits");
            Assert.StartsWith("close 1002", await raw.NextAsync(), StringComparison.Ordinal);
        }

        await AssertServesAsync(server);
        await server.App.StopAsync().WaitAsync(TestServer.Patience);
    }

    [Fact]
    public async Task A_listener_of_metrics_that_throws_ends_no_more_than_a_connection()
    {
        await using var server = await StartAsync();
        var meters = server.App.Services.GetRequiredService<IMeterFactory>();
        using (var listener = new MeterListener())
        {
            listener.InstrumentPublished = (instrument, its) =>
            {
                if (instrument.Meter.Name == ConsumerMeter.Name && instrument.Meter.Scope == meters)
                {
                    its.EnableMeasurementEvents(instrument);
                }
            };
            listener.SetMeasurementEventCallback<long>((_, _, _, _) => throw new InvalidOperationException("the metrics are full"));
            listener.SetMeasurementEventCallback<double>((_, _, _, _) => throw new InvalidOperationException("the metrics are full"));
            listener.Start();
            for (var i = 0; i < 5; i++)
            {
                await TryConnectAsync("/ws/");
                await TryConnectAsync("/never/");
            }
        }

        await AssertServesAsync(server);
        await AssertEndsAsync(server);

        async Task TryConnectAsync(string path)
        {
            try
            {
                await server.StatusAsync(path);
            }
            catch (WebSocketException)
            {
                // It is this connection that the exception ends.
            }
        }
    }

    private sealed class NeverDecides : WebSocketConsumer
    {
        protected override Task ConnectAsync() => Task.CompletedTask;
    }

    private Task<TestServer> StartAsync((string Path, IApplication Application)? more = null, Action<IServiceCollection>? configure = null) => TestServer.StartAsync(
        app =>
        {
            var router = new UrlRouter
            {
                ["ws/"] = Consumer.For<Echo>(),
                ["throws/"] = Consumer.For<Throws>(),
                ["own/"] = Consumer.For<AnswersByItself>(),
                ["never/"] = Consumer.For<NeverDecides>(),
            };
            if (more is var (path, application))
            {
                router[path] = application;
            }

            app.MapChannels(new ProtocolTypeRouter { WebSocket = router });
        },
        services =>
        {
            services.AddSingleton(_diary).AddHttpContextAccessor().Configure<WebSocketConnectionOptions>(options =>
                options.CloseTimeout = options.AcceptTimeout = TimeSpan.FromMilliseconds(200));
            configure?.Invoke(services);
        });

    private static async Task AssertServesAsync(TestServer server)
    {
        using var client = await server.ConnectAsync();
        await client.SendAsync("hello");
        Assert.Equal("hello", await client.ReceiveAsync());
        await client.CloseAsync();
    }

    /// <summary>Every connection has ended, and given back what it had.</summary>
    private static Task AssertEndsAsync(TestServer server)
    {
        var connections = server.App.Services.GetRequiredService<ChannelsNet.Draining.OpenConnections>();
        return connections.EmptyAsync(CancellationToken.None).WaitAsync(TestServer.Patience);
    }
}
