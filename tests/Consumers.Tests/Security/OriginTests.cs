using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using ChannelsNet.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Security;

public sealed class OriginTests
{
    private static async Task<bool> AdmitsAsync(string? origin, string host, params string[] allowed) =>
        await RecordedConnection.RunAsync(new OriginValidator(new At("in"), allowed), "/", scope =>
        {
            var headers = new HeaderDictionary { ["Host"] = host };
            if (origin is not null)
            {
                // What stands behind a comma is a header of its own.
                headers["oRiGiN"] = origin.Split(',');
            }

            return scope with { Headers = headers };
        }) == "in";

    [Theory]
    [InlineData("http://example.com", "example.com", true)]
    [InlineData("https://example.com", "example.com", true)]
    [InlineData("HTTP://Example.COM", "example.com", true)]
    [InlineData("http://example.com", "example.com:80", true)]
    [InlineData("http://localhost:8000", "localhost:8000", true)]
    [InlineData("http://[::1]:8000", "[::1]:8000", true)] // CH-235, CH-241
    [InlineData("http://localhost:8001", "localhost:8000", false)]
    [InlineData("http://localhost", "localhost:8000", false)]
    [InlineData("http://evil.example", "example.com", false)]
    [InlineData("http://www.example.com", "example.com", false)]
    [InlineData("http://example.com.evil.example", "example.com", false)]
    [InlineData("chrome-extension://example.com", "example.com", false)]
    [InlineData("http://example.com", "", false)]
    public async Task By_default_only_pages_of_the_same_site_may_come(string origin, string host, bool expected) =>
        Assert.Equal(expected, await AdmitsAsync(origin, host));

    [Theory]
    [InlineData("")] // CH-236
    [InlineData("null")] // CH-232
    [InlineData("something-invalid")] // CH-236
    [InlineData("file://")]
    [InlineData("://example.com")]
    [InlineData("http://example.com:99999")]
    [InlineData("http://example.com:abc")]
    [InlineData("http://example.com:")]
    [InlineData("http://example.com:-1")]
    [InlineData("http://[::1")]
    [InlineData("http://[]")]
    [InlineData("http://[::1]x")]
    [InlineData("http://example.com/")]
    [InlineData("http://user@example.com")]
    [InlineData("http://exam ple.com")]
    [InlineData("http://example.com,http://example.com")]
    public async Task A_malformed_origin_is_refused_without_an_exception(string origin)
    {
        Assert.False(await AdmitsAsync(origin, "example.com"));
        Assert.False(await AdmitsAsync(origin, "example.com", "example.com", "http://example.com", "[::1]"));
        Assert.True(await AdmitsAsync(origin, "example.com", "*"));
    }

    // CH-232: Django refuses it without "*".
    [Fact]
    public async Task A_request_without_an_origin_is_no_browsers_and_is_admitted()
    {
        Assert.True(await AdmitsAsync(null, "example.com"));
        Assert.True(await AdmitsAsync(null, "example.com", "other.example"));
        Assert.True(await AdmitsAsync(null, "example.com", "*"));
    }

    [Theory]
    [InlineData("example.com", "http://example.com", true)]
    [InlineData("example.com", "https://EXAMPLE.com:8443", true)] // CH-235
    [InlineData("Example.com", "https://example.com", true)]
    [InlineData("example.com", "http://www.example.com", false)]
    [InlineData(".example.com", "http://example.com", true)] // CH-230
    [InlineData(".example.com", "http://www.example.com:81", true)]
    [InlineData(".example.com", "http://a.b.example.com", true)]
    [InlineData(".example.com", "http://badexample.com", false)]
    [InlineData("http://example.com", "http://example.com", true)]
    [InlineData("HTTP://example.com", "http://example.com:80", true)]
    [InlineData("http://example.com", "https://example.com", false)]
    [InlineData("http://example.com", "http://example.com:8000", false)]
    [InlineData("https://example.com:443", "https://example.com", true)]
    [InlineData("https://.example.com:8443", "https://www.example.com:8443", true)]
    [InlineData("https://.example.com:8443", "https://www.example.com", false)]
    [InlineData("localhost:8000", "http://localhost:8000", true)]
    [InlineData("localhost:8000", "http://localhost:8001", false)]
    [InlineData("localhost:443", "https://localhost", true)]
    [InlineData("127.0.0.1:8000", "http://127.0.0.1:8000", true)]
    [InlineData("127.0.0.1:8000", "http://127.0.0.1:8001", false)]
    [InlineData("[::1]", "http://[::1]:8000", true)] // CH-235
    [InlineData("::1", "http://[0:0::1]:8000", true)] // CH-235
    [InlineData("[::1]:8000", "http://[::1]:8001", false)]
    [InlineData("app://shop", "app://shop", true)]
    [InlineData("app://shop", "https://shop", false)]
    public async Task A_list_takes_hosts_subdomains_schemes_and_ports(string allowed, string origin, bool expected)
    {
        Assert.Equal(expected, await AdmitsAsync(origin, "server.example", allowed));
        Assert.Equal(expected, await AdmitsAsync(origin, "server.example", "other.example", allowed));
    }

    [Fact]
    public async Task With_a_list_the_own_site_must_be_in_it_too() => Assert.False(await AdmitsAsync("http://own.example", "own.example", "other.example"));

    [Theory]
    [InlineData("*.example.com", "Write \".example.com\".")] // CH-231
    [InlineData("https://*.example.com", "Write \"https://.example.com\".")]
    [InlineData("https://example.com/", "Write \"https://example.com\".")]
    [InlineData("example.com/chat/", "Write \"example.com\".")]
    [InlineData("wss://example.com", "Write \"https://example.com\".")]
    [InlineData("ws://example.com:8000/ws/", "Write \"http://example.com:8000\".")]
    [InlineData("example.com:99999", "Write a host")]
    [InlineData("example.com:", "Write a host")]
    [InlineData("", "Write a host")]
    [InlineData(" ", "Write a host")]
    [InlineData("null", "\"*\" for any")]
    [InlineData("..example.com", "Write a host")]
    [InlineData("https://", "Write a host")]
    [InlineData("ex ample.com", "Write a host")]
    public async Task A_pattern_that_can_never_match_is_refused_at_the_start_with_what_to_write(string pattern, string advice)
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(
            new At("in"), services => services.Configure<WebSocketConnectionOptions>(options => options.AllowedOrigins.Add(pattern))));
        Assert.Contains($"/ws/: WebSocketConnectionOptions.AllowedOrigins: The origin \"{pattern}\" can never match.", fault.Message, StringComparison.Ordinal);
        Assert.Contains(advice, fault.Message, StringComparison.Ordinal);
        Assert.Contains(advice, Assert.Throws<ArgumentException>(() => new OriginValidator(new At("in"), pattern)).Message, StringComparison.Ordinal);
    }

    // CH-240
    [Fact]
    public async Task A_validator_stands_before_websockets_only()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => RecordedConnection.RunAsync(
            new OriginValidator(new At("in")), "/", scope => scope with { Type = Scope.Http }));
        Assert.Contains("\"http\"", fault.Message, StringComparison.Ordinal);
    }

    // CH-229
    [Fact]
    public async Task The_server_refuses_other_sites_with_403_unless_the_options_or_a_validator_admit_them()
    {
        await using var server = await TestServer.StartAsync(app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter
            {
                ["own/"] = new At("own"),
                ["listed/"] = new At("listed").WithWebSocketOptions(options => options.AllowedOrigins.Add("other.example")),
                ["validated/"] = new OriginValidator(new UrlRouter { ["{x}/"] = new At("validated") }, "other.example"),
            },
        }));
        foreach (var (path, origin, status) in new[]
        {
            ("/own/", server.Address, HttpStatusCode.SwitchingProtocols),
            ("/own/", "http://other.example", HttpStatusCode.Forbidden),
            ("/own/", "null", HttpStatusCode.Forbidden),
            ("/listed/", "http://other.example", HttpStatusCode.SwitchingProtocols),
            ("/listed/", server.Address, HttpStatusCode.Forbidden),
            ("/validated/x/", "http://other.example", HttpStatusCode.SwitchingProtocols),
            ("/validated/x/", server.Address, HttpStatusCode.Forbidden),
        })
        {
            Assert.Equal((path, origin, status), (path, origin, await server.StatusAsync(path, ("Origin", origin))));
        }

        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/own/"));
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Behind_a_proxy_the_forwarded_host_and_scheme_are_those_of_the_site()
    {
        await using var server = await TestServer.StartAsync(
            app =>
            {
                app.UseForwardedHeaders();
                app.MapChannels(new UrlRouter { ["ws/"] = new At("in") });
            },
            services => services.Configure<ForwardedHeadersOptions>(options =>
                options.ForwardedHeaders = ForwardedHeaders.XForwardedHost | ForwardedHeaders.XForwardedProto));
        (string, string) host = ("X-Forwarded-Host", "site.example"), tls = ("X-Forwarded-Proto", "https");
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/ws/", host, tls, ("Origin", "https://site.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/ws/", host, tls, ("Origin", "http://site.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/ws/", host, tls, ("Origin", server.Address)));

        // A proxy that passes the Host on needs no more.
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/ws/", ("Host", "site.example:8000"), ("Origin", "http://site.example:8000")));
    }

    [Fact]
    public async Task Below_a_path_base_the_site_is_the_same()
    {
        await using var server = await TestServer.StartAsync(app =>
        {
            app.UsePathBase("/base");
            app.UseRouting();
            app.MapChannels(new UrlRouter { ["ws/{x}/"] = new At("in") });
        });
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/base/ws/x/", ("Origin", server.Address)));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/base/ws/x/", ("Origin", "http://other.example")));
        Assert.Equal(HttpStatusCode.NotFound, await server.StatusAsync("/basement/ws/x/", ("Origin", server.Address)));
        using var client = await server.ConnectAsync("/base/ws/x/");
        Assert.Equal("in x=x", await client.ReceiveAsync());
    }

    [Fact]
    public async Task Over_http_2_the_authority_of_the_request_is_the_site()
    {
        await using var server = await TestServer.StartAsync(new At("in"), listen: listen => listen.Protocols = HttpProtocols.Http2);
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler());
        Task<WebSocketClient> ConnectAsync(string origin) => server.ConnectAsync(
            options: options =>
            {
                options.HttpVersion = HttpVersion.Version20;
                options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
                options.SetRequestHeader("Origin", origin);
            },
            invoker: invoker);
        using var client = await ConnectAsync(server.Address);
        Assert.Equal("in", await client.ReceiveAsync());
        await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync("http://other.example"));
    }

    private sealed class Lines : ILogger<OriginValidator>
    {
        public ConcurrentQueue<string> All { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Enqueue($"{logLevel}: {formatter(state, exception)}");
    }

    [Fact]
    public async Task The_reason_is_logged_once_for_each_origin_and_not_without_end()
    {
        var lines = new Lines();
        await using var server = await TestServer.StartAsync(
            new At("in"), services => services.AddSingleton<ILogger<OriginValidator>>(lines));
        await server.StatusAsync("/ws/", ("Origin", "http://other.example"));
        await server.StatusAsync("/ws/", ("Origin", "http://other.example"));
        var line = Assert.Single(lines.All);
        Assert.StartsWith("Warning: WebSocket /ws/ is refused with 403: it was asked for by a page of \"http://other.example\"", line, StringComparison.Ordinal);
        Assert.Contains("AllowedOrigins", line, StringComparison.Ordinal);

        var refused = new RefusedOrigins(lines);
        lines.All.Clear();
        for (var i = 0; i < 2 * RefusedOrigins.MostLogged; i++)
        {
            refused.Log("/", $"http://{i}.example", "which is none");
        }

        Assert.Equal(RefusedOrigins.MostLogged + 1, lines.All.Count);
        Assert.Contains("further origins are not logged", lines.All.Last(), StringComparison.Ordinal);
    }
}
