using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Http;

/// <summary>Requests end when the host stops, when a client does not read, and when an application forgets them.</summary>
public sealed class StopTests
{
    private readonly Diary _diary = new();
    private readonly FakeTimeProvider _time = new();

    private sealed class Waits(Diary diary, TaskCompletionSource gate) : HttpConsumer, IHandle<Note>
    {
        protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            switch (Scope.RouteValues["what"])
            {
                case "stream":
                    await StartEventsAsync();
                    break;
                case "parts":
                    await StartAsync();
                    await SendPartAsync("a part");
                    break;
                case "work":
                    diary.Note("waits");
                    await gate.Task;
                    await RespondAsync(200, "worked");
                    return;
                case "answer":
                    await RespondAsync(200, "at once");
                    return;
            }

            diary.Note("waits");
        }

        public Task HandleAsync(Note message) => Task.CompletedTask;

        protected override async Task DisconnectAsync()
        {
            await (Scope.RouteValues["what"] is "poll" ? RespondAsync(200, "nobody sees this") : Task.CompletedTask);
            diary.Note("disconnect");
        }
    }

    [Theory]
    [InlineData("poll")]
    [InlineData("stream")]
    [InlineData("parts")]
    public async Task What_only_waits_ends_at_once_when_the_host_stops(string what)
    {
        await using var server = await StartAsync(new());
        using var client = new Client(server);
        var asking = client.GetAsync($"/{what}/");
        Assert.Equal("waits", await _diary.NextAsync());
        var stopping = server.App.StopAsync();
        using var answer = await asking;
        if (what == "poll")
        {
            Assert.Equal((503, ""), (answer.Status, await answer.TextAsync()));
            Assert.InRange(int.Parse(answer.Header("Retry-After"), System.Globalization.CultureInfo.InvariantCulture), 0, 2);
        }
        else if (what == "stream")
        {
            Assert.Null(await answer.LineAsync());
        }
        else
        {
            await Assert.ThrowsAnyAsync<Exception>(answer.TextAsync);
        }

        Assert.Equal("disconnect", await _diary.NextAsync());
        await stopping.WaitAsync(TestServer.Patience);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Who_is_at_work_when_the_host_stops_answers()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await StartAsync(gate);
        using var client = new Client(server);
        var asking = client.GetAsync("/work/");
        Assert.Equal("waits", await _diary.NextAsync());
        var stopping = server.App.StopAsync();
        gate.SetResult();
        using var answer = await asking;
        Assert.Equal("worked", await answer.TextAsync());
        await stopping.WaitAsync(TestServer.Patience);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_request_that_comes_while_the_host_stops_is_answered_if_it_can_be_at_once()
    {
        await using var server = await StartAsync(new(), services => services
            .AddSingleton<TimeProvider>(_time)
            .Configure<DrainOptions>(options => options.Delay = TimeSpan.FromSeconds(10)));
        using var client = new Client(server);
        using var stream = await client.GetAsync("/stream/");
        Assert.Equal("waits", await _diary.NextAsync());
        var stopping = server.App.StopAsync();
        using (var answer = await client.GetAsync("/answer/"))
        {
            Assert.Equal("at once", await answer.TextAsync());
            Assert.Equal("disconnect", await _diary.NextAsync());
        }

        using (var answer = await client.GetAsync("/poll/"))
        {
            Assert.Equal((503, "1"), (answer.Status, answer.Header("Retry-After")));
        }

        await _time.PassUntilAsync(stopping);
        await stopping;
        Assert.Empty(server.Errors);
    }

    private sealed class Pours(Diary diary) : HttpConsumer
    {
        protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            await (Scope.Query.ContainsKey("events") ? StartEventsAsync() : StartAsync());
            diary.Note("pours");
            for (var i = 0; i < 100 && !Scope.Aborted.IsCancellationRequested; i++)
            {
                await SendPartAsync(new string('x', 1_000_000));
            }
        }

        protected override Task DisconnectAsync()
        {
            diary.Note("disconnect");
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData("/http/")]
    [InlineData("/http/?events")]
    public async Task A_client_that_does_not_read_is_broken_off_in_the_end(string path)
    {
        using var log = new WrittenLog();
        await using var server = await HttpServer.StartAsync(Consumer.For<Pours>(), services => TestServer.SendLittle(
            services.AddSingleton(_diary).AddSingleton<TimeProvider>(_time).AddLogging(logging => logging.AddProvider(log))));
        using var client = await RawRequest.SendAsync(server, $"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n", takesLittle: true);
        Assert.Equal("pours", await _diary.NextAsync());
        var ended = _diary.NextAsync();
        Assert.InRange(await _time.PassUntilAsync(ended), TimeSpan.FromSeconds(30), TimeSpan.MaxValue);
        Assert.Equal("disconnect", await ended);
        Assert.Equal(
            ["Information: HTTP request /http/: the client has read nothing for HttpConnectionOptions.WriteTimeout = 30 s, so the response is broken off"],
            log.About("WriteTimeout"));
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_client_that_does_not_read_does_not_hold_up_the_stop_of_the_host()
    {
        await using var server = await HttpServer.StartAsync(
            Consumer.For<Pours>(), services => TestServer.SendLittle(services.AddSingleton(_diary)));
        using var client = await RawRequest.SendAsync(server, "GET /http/?events HTTP/1.1\r\nHost: x\r\n\r\n", takesLittle: true);
        Assert.Equal("pours", await _diary.NextAsync());
        await server.App.StopAsync().WaitAsync(TestServer.Patience);
        Assert.Equal("disconnect", await _diary.NextAsync());
        Assert.Empty(server.Errors);
    }

    private sealed class Forgets : IApplication
    {
        public async Task RunAsync(Scope scope, IConnection connection)
        {
            var body = Assert.IsType<HttpRequestBody>(await connection.ReceiveAsync());
            Assert.True(body is { IsLast: true, Bytes.Length: 0 });
            switch (scope.RouteValues["how"])
            {
                case "start":
                    await connection.SendAsync(new HttpResponseStart());
                    break;
                case "parts":
                    await connection.SendAsync(new HttpResponseStart());
                    await connection.SendAsync(new HttpResponseBody("a part"u8.ToArray(), IsLast: false));
                    break;
                case "answered":
                    await connection.SendAsync(new HttpResponseStart(201));
                    await connection.SendAsync(new HttpResponseBody("all"u8.ToArray()));
                    Assert.IsType<HttpDisconnect>(await connection.ReceiveAsync());
                    break;
                case "context":
                    scope.HttpContext!.Response.StatusCode = 202;
                    await scope.HttpContext.Response.StartAsync();
                    break;
            }
        }
    }

    [Theory]
    [InlineData("nothing", 500, 1)]
    [InlineData("start", 500, 1)]
    [InlineData("parts", 0, 1)]
    [InlineData("answered", 201, 0)]
    [InlineData("context", 202, 0)]
    public async Task An_application_that_forgets_to_answer_is_logged_and_the_client_sees_it(string how, int status, int errors)
    {
        await using var server = await TestServer.StartAsync(
            app => app.MapChannels(new ProtocolTypeRouter { Http = new UrlRouter { ["{how}/"] = new Forgets() } }));
        using var client = new Client(server);
        if (status == 0)
        {
            await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                using var broken = await client.GetAsync($"/{how}/");
                await broken.TextAsync();
            });
        }
        else
        {
            using var answer = await client.GetAsync($"/{how}/");
            Assert.Equal(status, answer.Status);
        }

        await server.App.StopAsync();
        Assert.Equal(errors, server.Errors.Count);
    }

    private Task<TestServer> StartAsync(TaskCompletionSource gate, Action<IServiceCollection>? configure = null) => TestServer.StartAsync(
        app => app.MapChannels(new ProtocolTypeRouter { Http = new UrlRouter { ["{what}/"] = Consumer.For<Waits>() } }),
        services =>
        {
            services.AddSingleton(_diary).AddSingleton(gate);
            configure?.Invoke(services);
        });
}
