using System.Net;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Security;

/// <summary>A WebSocket ends when the authentication that it was opened with does.</summary>
public sealed class AuthenticationExpiryTests
{
    private readonly SleepyTime _time = new();
    private readonly Refused _refused = new();
    private readonly Diary _diary = new();

    /// <summary>A machine that can sleep: then the time of day goes on, and timers do not.</summary>
    private sealed class SleepyTime() : FakeTimeProvider(DateTimeOffset.UtcNow)
    {
        private TimeSpan _slept;

        public void Sleep(TimeSpan time) => _slept += time;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _slept;

        /// <summary>The base's is made of the time of day.</summary>
        public override long GetTimestamp() => base.GetTimestamp() - _slept.Ticks;
    }

    private sealed class WhoAmI(Diary diary) : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync($"{Scope.User.Identity?.Name}: {text}");

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    private Task<TestServer> StartAsync(Action<WebSocketConnectionOptions>? configure = null, IApplication? application = null) => TestServer.StartAsync(
        app =>
        {
            app.UseAuthentication();
            app.MapGet("/sign-in/", context => context.SignInAsync("cookie", new(new System.Security.Claims.ClaimsIdentity([new("name", "ada")], "test", "name", null))));
            app.MapChannels(new UrlRouter { ["ws/"] = application ?? Consumer.For<WhoAmI>() });
        },
        services =>
        {
            Tokens.Accept(services);
            services.AddDataProtection().UseEphemeralDataProtectionProvider();
            services.AddAuthentication().AddCookie("cookie", options =>
            {
                options.ExpireTimeSpan = TimeSpan.FromMinutes(30);
                options.SlidingExpiration = false;
            });
            services.AddAuthentication("either").AddPolicyScheme("either", null, options =>
                options.ForwardDefaultSelector = context => context.Request.Headers.Authorization.Count > 0 ? "Bearer" : "cookie");
            services.AddSingleton(_diary).AddSingleton<TimeProvider>(_time).Configure<WebSocketConnectionOptions>(options =>
            {
                options.PingInterval = TimeSpan.Zero;
                configure?.Invoke(options);
            });
            _refused.Attach(services);
        });

    private static async Task<WebSocketClient> ConnectAsync(TestServer server, (string Name, string Value) header)
    {
        var client = await server.ConnectAsync(options: options => options.SetRequestHeader(header.Name, header.Value));
        await AssertOpenAsync(client, "ada");
        return client;
    }

    /// <summary>Once a message has come back the connection is open, and its end is watched for.</summary>
    private static async Task AssertOpenAsync(WebSocketClient client, string user)
    {
        await client.SendAsync("hello");
        Assert.Equal($"{user}: hello", await client.ReceiveAsync());
    }

    private (string Name, string Value) Token(TimeSpan life) => Tokens.Header("ada", expires: _time.GetUtcNow() + life);

    [Fact]
    public async Task A_tokens_end_is_the_websockets_end()
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server, Token(TimeSpan.FromMinutes(60)));
        _time.Advance(TimeSpan.FromMinutes(59.9));
        await AssertOpenAsync(client, "ada");
        Assert.Empty(_refused.Counts);
        _time.Advance(TimeSpan.FromMinutes(0.2));
        Assert.Equal("close 3000 The authentication has expired.", await client.ReceiveAsync());
        await client.CloseAsync(CloseCodes.Unauthorized);
        Assert.Equal("disconnect 3000", await _diary.NextAsync());
        Assert.Equal(["authentication_expired at /ws/"], _refused.Counts);
        Assert.Equal(["Information: WebSocket /ws/: 1 refused since the last such line, the last because its authentication has expired"], _refused.Lines);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_cookies_end_is_the_websockets_end()
    {
        await using var server = await StartAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var signedIn = await http.GetAsync(new Uri($"{server.Address}/sign-in/"));
        var cookie = ("Cookie", Assert.Single(signedIn.Headers.GetValues("Set-Cookie")).Split(';')[0]);
        using var client = await ConnectAsync(server, cookie);
        _time.Advance(TimeSpan.FromMinutes(29.9));
        await AssertOpenAsync(client, "ada");
        _time.Advance(TimeSpan.FromMinutes(0.2));
        Assert.StartsWith("close 3000", await client.ReceiveAsync(), StringComparison.Ordinal);

        // With the same cookie it comes back as nobody.
        using var later = await server.ConnectAsync(options: options => options.SetRequestHeader("Cookie", cookie.Item2));
        await AssertOpenAsync(later, "");
    }

    [Fact]
    public async Task A_machine_that_has_slept_notices_what_has_expired_meanwhile()
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server, Token(TimeSpan.FromHours(5)));
        _time.Sleep(TimeSpan.FromHours(6));
        _time.Advance(TimeSpan.FromMinutes(10.1));
        Assert.StartsWith("close 3000", await client.ReceiveAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_has_expired_already_is_refused_with_401()
    {
        await using var server = await StartAsync();

        // The bearer scheme itself still takes it, for clocks may differ by five minutes.
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/ws/", Token(TimeSpan.FromMinutes(-1))));
        Assert.Equal(["authentication_expired at /ws/"], _refused.Counts);
        Assert.True(_diary.IsEmpty);
    }

    private sealed class NeverAccepts(Diary diary) : WebSocketConsumer
    {
        protected override Task ConnectAsync()
        {
            diary.Note("asked");
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Who_expires_before_it_is_accepted_is_refused_with_401()
    {
        await using var server = await StartAsync(options => options.AcceptTimeout = TimeSpan.FromHours(1), Consumer.For<NeverAccepts>());
        var status = server.StatusAsync("/ws/", Token(TimeSpan.FromMinutes(1)));
        Assert.Equal("asked", await _diary.NextAsync());
        _time.Advance(TimeSpan.FromMinutes(1.1));
        Assert.Equal(HttpStatusCode.Unauthorized, await status);
    }

    [Fact]
    public async Task Where_it_is_switched_off_the_websocket_stays()
    {
        await using var server = await StartAsync(options => options.CloseOnAuthenticationExpiration = false);
        using var client = await ConnectAsync(server, Token(TimeSpan.FromMinutes(-1)));
        _time.Advance(TimeSpan.FromHours(1));
        await AssertOpenAsync(client, "ada");
        Assert.Empty(_refused.Counts);
    }

    [Fact]
    public async Task Who_is_nobody_never_expires()
    {
        await using var server = await StartAsync();
        using var client = await server.ConnectAsync();
        await AssertOpenAsync(client, "");
        _time.Advance(TimeSpan.FromDays(1));
        await AssertOpenAsync(client, "");
    }
}
