using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.HttpOverrides;

namespace ChannelsNet.Hosting;

/// <summary>What a scope says of a request that came over the wire, and over proxies.</summary>
public sealed class RequestTests
{
    private sealed class Tells(Func<Scope, string> tell) : IApplication
    {
        public async Task RunAsync(Scope scope, IConnection connection)
        {
            await connection.ReceiveAsync();
            await connection.SendAsync(new WebSocketAccept());
            await connection.SendAsync(WebSocketSend.Text(tell(scope)));
        }
    }

    private static readonly Tells _path = new(scope =>
        $"{scope.Path.Value} {scope.RouteValues["rest"]} {scope.HttpContext!.Features.Get<IHttpRequestFeature>()!.RawTarget}");

    [Theory] // CH-274: an escaped slash stays escaped in the path, so that it is no end of a segment; in Django it becomes one.
    [InlineData("/foo%2Fbar", "/foo%2Fbar foo%2Fbar /foo%2Fbar")]
    [InlineData("/caf%C3%A9/a%20b?x=%2F", "/café/a b café/a b /caf%C3%A9/a%20b?x=%2F")]
    public async Task A_path_is_decoded_and_the_raw_one_is_there_too(string path, string expected)
    {
        await using var server = await TestServer.StartAsync(app =>
            app.MapChannels(new ProtocolTypeRouter { WebSocket = new UrlRouter { ["{**rest}"] = _path } }));
        using var client = await server.ConnectAsync(path);
        Assert.Equal(expected, await client.ReceiveAsync());
    }

    private static readonly Tells _address = new(scope =>
        $"{scope.HttpContext!.Connection.RemoteIpAddress} {scope.HttpContext.Connection.RemotePort > 0} {scope.HttpContext.Request.Scheme}");

    private static readonly ForwardedHeadersOptions _nearest = new() { ForwardedHeaders = ForwardedHeaders.All };

    private static readonly ForwardedHeadersOptions _first = Any(new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.All, ForwardLimit = null });

    public static TheoryData<ForwardedHeadersOptions?, string, string> Proxies => new()
    {
        { null, "192.0.2.7", "127.0.0.1 True http" },
        { _nearest, "192.0.2.7", "192.0.2.7 False https" },
        { _nearest, "192.0.2.7:4711", "192.0.2.7 True https" },
        { _nearest, "192.0.2.7, 192.0.2.8", "192.0.2.8 False https" },
        { _first, "192.0.2.7, 192.0.2.8", "192.0.2.7 False https" },
    };

    [Theory] // CH-275
    [MemberData(nameof(Proxies), DisableDiscoveryEnumeration = true)]
    public async Task What_a_proxy_says_of_its_client_counts_only_if_the_host_wants_it(ForwardedHeadersOptions? options, string forwardedFor, string expected)
    {
        await using var server = await TestServer.StartAsync(app =>
        {
            if (options is not null)
            {
                app.UseForwardedHeaders(options);
            }

            app.MapChannels(new ProtocolTypeRouter { WebSocket = new UrlRouter { ["ws/"] = _address } });
        });
        using var client = await server.ConnectAsync(options: socket =>
        {
            socket.SetRequestHeader("X-Forwarded-For", forwardedFor);
            socket.SetRequestHeader("X-Forwarded-Proto", string.Join(", ", forwardedFor.Split(',').Select(_ => "https")));
        });
        Assert.Equal(expected, await client.ReceiveAsync());
    }

    private static ForwardedHeadersOptions Any(ForwardedHeadersOptions options)
    {
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        return options;
    }
}
