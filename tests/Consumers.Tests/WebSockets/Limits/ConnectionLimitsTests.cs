using System.Net;
using System.Net.WebSockets;
using System.Security.Claims;
using ChannelsNet.Http;
using ChannelsNet.Security;
using ChannelsNet.Telemetry;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChannelsNet.WebSockets.Limits;

public sealed class ConnectionLimitsTests
{
    private readonly Refused _refused = new();

    private sealed class Echo : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);
    }

    private sealed class Never : WebSocketConsumer
    {
        protected override Task ConnectAsync() => throw new InvalidOperationException("on purpose");
    }

    private Task<TestServer> StartAsync(Action<ConnectionLimits> limit) => TestServer.StartAsync(
        app => app.MapChannels(new UrlRouter { ["ws/"] = Consumer.For<Echo>(), ["other/"] = Consumer.For<Echo>(), ["never/"] = Consumer.For<Never>() }),
        services =>
        {
            Tokens.Accept(services);
            services.Configure(limit);
            _refused.Attach(services);
        });

    private static Task<WebSocketClient> ConnectAsync(TestServer server, string user)
    {
        var (name, value) = Tokens.Header(user);
        return server.ConnectAsync(options: options => options.SetRequestHeader(name, value));
    }

    /// <summary>A place is free again a moment after the client has gone.</summary>
    private static async Task BecomesFreeAsync(Func<Task<HttpStatusCode>> connect)
    {
        using var patience = new CancellationTokenSource(TestServer.Patience);
        while (await connect() != HttpStatusCode.SwitchingProtocols)
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    [Fact]
    public async Task Over_the_limit_of_the_process_a_client_is_refused_with_503_and_when_to_come_again()
    {
        await using var server = await StartAsync(limits => limits.MaxConnections = 2);
        using var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync("/other/");
        using var third = new ClientWebSocket();
        third.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => third.ConnectAsync(server.UriOf("/ws/"), default).WaitAsync(TestServer.Patience));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, third.HttpStatusCode);
        Assert.Equal(["10"], third.HttpResponseHeaders!["Retry-After"]);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await server.StatusAsync("/other/"));
        Assert.Equal(["max_connections at /ws/", "max_connections at /other/"], _refused.Counts);
        Assert.Equal("Warning: WebSocket /ws/: 1 refused since the last such line, the last because ConnectionLimits.MaxConnections is 2", _refused.Lines.First());

        await first.CloseAsync();
        await BecomesFreeAsync(() => server.StatusAsync("/ws/"));
        second.Abort();
        await BecomesFreeAsync(async () =>
        {
            using var one = await TryConnectAsync(server);
            return one is null ? HttpStatusCode.ServiceUnavailable : await server.StatusAsync("/ws/");
        });
        Assert.Empty(server.Errors);
    }

    private static async Task<WebSocketClient?> TryConnectAsync(TestServer server)
    {
        try
        {
            return await server.ConnectAsync();
        }
        catch (WebSocketException)
        {
            return null;
        }
    }

    [Fact]
    public async Task Who_fails_before_it_is_accepted_gives_its_place_back()
    {
        await using var server = await StartAsync(limits => limits.MaxConnections = 1);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.InternalServerError, await server.StatusAsync("/never/"));
            await BecomesFreeAsync(() => server.StatusAsync("/ws/"));
            await BecomesFreeAsync(() => server.StatusAsync("/ws/"));
            await BecomesFreeFor500Async(server);
        }
    }

    private static async Task BecomesFreeFor500Async(TestServer server)
    {
        using var patience = new CancellationTokenSource(TestServer.Patience);
        while (await server.StatusAsync("/never/") != HttpStatusCode.InternalServerError)
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    [Fact]
    public async Task Over_the_limit_of_a_user_only_that_user_is_refused_with_429()
    {
        await using var server = await StartAsync(limits => limits.MaxConnectionsPerUser = 2);
        using var first = await ConnectAsync(server, "ada");
        using var second = await ConnectAsync(server, "ada");
        Assert.Equal(HttpStatusCode.TooManyRequests, await server.StatusAsync("/other/", Tokens.Header("ada")));
        Assert.Equal(["max_connections_per_user at /other/"], _refused.Counts);
        Assert.Equal(
            ["Information: WebSocket /other/: 1 refused since the last such line, the last because ConnectionLimits.MaxConnectionsPerUser is 2"], _refused.Lines);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/ws/", Tokens.Header("bob")));
        using var nobody = await server.ConnectAsync();
        using var nobodyElse = await server.ConnectAsync();
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/ws/"));
        await first.CloseAsync();
        await BecomesFreeAsync(() => server.StatusAsync("/ws/", Tokens.Header("ada")));
    }

    [Fact]
    public async Task A_user_is_known_by_a_subject_that_is_not_mapped()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Echo>(), services =>
        {
            Tokens.Accept(services);
            services.Configure<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme, options => options.MapInboundClaims = false);
            services.Configure<ConnectionLimits>(limits => limits.MaxConnectionsPerUser = 1);
        });
        using var first = await ConnectAsync(server, "ada");
        Assert.Equal(HttpStatusCode.TooManyRequests, await server.StatusAsync("/ws/", Tokens.Header("ada")));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/ws/", Tokens.Header("bob")));
    }

    [Fact]
    public void Users_without_an_id_are_not_counted_which_is_said_once()
    {
        var log = new WrittenLog();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        using var services = new ServiceCollection().AddMetrics().AddSingleton(loggers).AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddSingleton(TimeProvider.System).AddSingleton<RefusedClients>().BuildServiceProvider();
        ConnectionPlaces Places(ConnectionLimits limits) => ActivatorUtilities.CreateInstance<ConnectionPlaces>(services, Options.Create(limits));
        var named = new DefaultHttpContext { User = new ClaimsPrincipal(new ClaimsIdentity([new Claim("name", "Ann"), new Claim("sub", "")], "Keys")) };
        var nobody = new DefaultHttpContext { User = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "7")])) };

        Assert.NotNull(Places(new ConnectionLimits { MaxConnections = 9 }).Take(named, "/", out _));
        var places = Places(new ConnectionLimits { MaxConnectionsPerUser = 1 });
        Assert.NotNull(places.Take(nobody, "/", out _));
        Assert.NotNull(places.Take(nobody, "/", out _));
        Assert.Empty(log.About(""));
        Assert.NotNull(places.Take(named, "/", out _));
        Assert.NotNull(places.Take(named, "/", out _));
        var line = Assert.Single(log.About(""));
        Assert.StartsWith("Warning: ConnectionLimits.MaxConnectionsPerUser is 1, but a user authenticated by Keys has no id", line, StringComparison.Ordinal);
        Assert.Contains("IClaimsTransformation", line, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_id_of_two_issuers_is_of_two_users()
    {
        using var services = new ServiceCollection().AddMetrics().AddLogging().AddSingleton(TimeProvider.System).AddSingleton<RefusedClients>().BuildServiceProvider();
        var places = ActivatorUtilities.CreateInstance<ConnectionPlaces>(services, Options.Create(new ConnectionLimits { MaxConnectionsPerUser = 1 }));
        DefaultHttpContext Of(string type, string issuer) =>
            new() { User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(type, "7", null, issuer)], "test")) };
        var place = places.Take(Of("sub", "https://one"), "/", out _);
        Assert.NotNull(place);
        Assert.NotNull(places.Take(Of("sub", "https://other"), "/", out _));
        Assert.Null(places.Take(Of(ClaimTypes.NameIdentifier, "https://one"), "/", out var refusal));
        Assert.Equal(429, refusal!.Status);
        place.Dispose();
        Assert.NotNull(places.Take(Of(ClaimTypes.NameIdentifier, "https://one"), "/", out _));
    }

    [Fact]
    public async Task Limits_that_admit_nobody_are_refused_at_the_start()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(limits => (limits.MaxConnections, limits.MaxConnectionsPerUser) = (0, -1)));
        Assert.Equal(
            [
                "ConnectionLimits.MaxConnections is 0; expected 1 or more, or null for no limit.",
                "ConnectionLimits.MaxConnectionsPerUser is -1; expected 1 or more, or null for no limit.",
            ],
            fault.Message.Split(Environment.NewLine));
    }

    [Fact]
    public async Task Places_taken_and_given_back_on_many_threads_are_all_there_again()
    {
        await using var services = new ServiceCollection().AddMetrics().AddLogging().AddSingleton(TimeProvider.System).BuildServiceProvider();
        var limits = Options.Create(new ConnectionLimits { MaxConnections = 6, MaxConnectionsPerUser = 3 });
        var places = ActivatorUtilities.CreateInstance<ConnectionPlaces>(services, limits, ActivatorUtilities.CreateInstance<RefusedClients>(services));
        var (most, now, taken) = (0, 0, 0);
        await Parallel.ForAsync(0, 20_000, (i, _) =>
        {
            using var place = places.Take(UserOf(i % 4), "/", out var refusal);
            Assert.Equal(place is null, refusal is not null);
            if (place is not null)
            {
                Interlocked.Increment(ref taken);
                var count = Interlocked.Increment(ref now);
                InterlockedMax(ref most, count);
                Interlocked.Decrement(ref now);
            }

            return ValueTask.CompletedTask;
        });
        Assert.InRange(most, 1, 6);
        Assert.True(taken > 0);
        Assert.All(Enumerable.Range(0, 6), i => Assert.NotNull(places.Take(UserOf(i % 2), "/", out _)));
        Assert.Null(places.Take(UserOf(2), "/", out var full));
        Assert.Equal(503, full!.Status);
    }

    private static DefaultHttpContext UserOf(int number) => new()
    {
        User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, $"user {number}")], "test")),
    };

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); seen < value;)
        {
            var before = Interlocked.CompareExchange(ref most, value, seen);
            seen = before == seen ? value : before;
        }
    }
}
