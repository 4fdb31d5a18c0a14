using System.Net;
using ChannelsNet.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Http;

public sealed class HttpRoutingTests
{
    private sealed class Where : HttpConsumer
    {
        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => RespondAsync(
            200, $"{Scope.Type} {Scope.Path} {string.Join(",", Scope.RouteValues.Select(pair => $"{pair.Key}={pair.Value}"))}".TrimEnd());
    }

    private sealed class Socket : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            await SendTextAsync("socket");
        }
    }

    // CH-205
    [Fact]
    public async Task A_page_a_consumer_and_a_websocket_share_a_path_and_what_no_route_takes_goes_on()
    {
        await using var server = await TestServer.StartAsync(app =>
        {
            app.MapGet("/both/", () => "a page that the consumer hides");
            app.MapGet("/page/", () => "the page");
            app.MapChannels(new ProtocolTypeRouter
            {
                WebSocket = new UrlRouter { ["both/"] = Consumer.For<Socket>(), ["page/"] = Consumer.For<Socket>() },
                Http = new UrlRouter { ["both/"] = Consumer.For<Where>(), ["room/{room}/"] = Consumer.For<Where>() },
            });
        });
        using var client = new Client(server);
        Assert.Equal("http /both/", await TextAsync(client, "/both/"));
        Assert.Equal("http /room/tea/ room=tea", await TextAsync(client, "/room/tea/"));
        Assert.Equal("the page", await TextAsync(client, "/page/"));
        foreach (var path in new[] { "/both/", "/page/" })
        {
            using var socket = await server.ConnectAsync(path);
            Assert.Equal("socket", await socket.ReceiveAsync());
        }

        Assert.Equal(HttpStatusCode.NotFound, await server.StatusAsync("/room/tea/"));
        using var none = await client.GetAsync("/nope/");
        Assert.Equal(404, none.Status);
        Assert.Empty(server.Errors);
    }

    // CH-205
    [Fact]
    public async Task A_protocol_without_an_application_is_an_error_that_says_what_to_set()
    {
        foreach (var type in new[] { Scope.Http, Scope.WebSocket, Scope.Worker, "telegraph" })
        {
            var fault = await Assert.ThrowsAsync<InvalidOperationException>(
                () => RecordedConnection.RunAsync(new ProtocolTypeRouter(), "/", scope => scope with { Type = type }));
            Assert.StartsWith($"There is no application for the protocol \"{type}\".", fault.Message, StringComparison.Ordinal);
            Assert.Contains("\"http\" with Http set", fault.Message, StringComparison.Ordinal);
        }

        var router = new ProtocolTypeRouter { Http = new At("http"), WebSocket = new At("websocket") };
        Assert.Equal("http", await RecordedConnection.RunAsync(router, "/", scope => scope with { Type = Scope.Http }));
        Assert.Equal("websocket", await RecordedConnection.RunAsync(router, "/"));
    }

    [Fact]
    public async Task Each_route_takes_conventions_middleware_and_options_of_its_own()
    {
        await using var server = await TestServer.StartAsync(app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter { ["a/"] = Consumer.For<Socket>() },
            Http = new UrlRouter
            {
                ["a/"] = Consumer.For<Where>().WithConventions(endpoint => endpoint.RequireHost("elsewhere.example")),
                ["get/"] = Consumer.For<Where>().WithConventions(endpoint => endpoint.WithMetadata(new HttpMethodMetadata(["GET"]))),
                ["small/"] = new UrlRouter
                {
                    ["er/"] = Consumer.For<Where>().WithHttpOptions(options => options.MaxRequestBodySize /= 10),
                    [""] = Consumer.For<Where>(),
                }.WithHttpOptions(options => options.MaxRequestBodySize = 100),
                ["{room}/"] = Consumer.For<Where>(),
            }.WithMiddleware((scope, connection, next) => scope.RouteValues["room"] is "no"
                ? connection.SendAsync(new Refusal(403, "not here")).AsTask()
                : next.RunAsync(scope, connection)),
        }));
        using var client = new Client(server);
        using var socket = await server.ConnectAsync("/a/");
        Assert.Equal("http /a/ room=a", await TextAsync(client, "/a/"));
        using (var elsewhere = await client.GetAsync("/a/", request => request.Headers.Host = "elsewhere.example"))
        {
            Assert.Equal("http /a/", await elsewhere.TextAsync());
        }

        Assert.Equal("http /get/", await TextAsync(client, "/get/"));
        using (var refused = await client.GetAsync("/no/"))
        {
            Assert.Equal((403, "not here"), (refused.Status, await refused.TextAsync()));
        }

        foreach (var (path, length, status) in new[] { ("/small/", 100, 200), ("/small/", 101, 413), ("/small/er/", 10, 200), ("/small/er/", 11, 413), ("/other/", 101, 200) })
        {
            using var answer = await client.PostAsync(new string('x', length), path);
            Assert.Equal((path, length, status), (path, length, answer.Status));
        }

        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task It_works_behind_a_path_base(int version)
    {
        await using var server = await TestServer.StartAsync(
            app =>
            {
                app.UsePathBase("/base");
                app.UseRouting();
                app.MapChannels(new ProtocolTypeRouter { Http = new UrlRouter { ["room/{room}/"] = Consumer.For<Where>() } });
            },
            listen: listen => listen.Protocols = version == 2 ? HttpProtocols.Http2 : listen.Protocols);
        using var client = new Client(server) { Version = new Version(version, version == 2 ? 0 : 1) };
        Assert.Equal("http /room/tea/ room=tea", await TextAsync(client, "/base/room/tea/"));
    }

    [Fact]
    public async Task A_websocket_from_another_origin_is_refused_and_a_request_is_not_looked_at()
    {
        await using var server = await TestServer.StartAsync(app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter { ["a/"] = Consumer.For<Socket>() },
            Http = new UrlRouter { ["a/"] = Consumer.For<Where>() },
        }));
        using var client = new Client(server);
        using var answer = await client.GetAsync("/a/", request => request.Headers.Add("Origin", "https://elsewhere.example"));
        Assert.Equal("http /a/", await answer.TextAsync());
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/a/", ("Origin", "https://elsewhere.example")));
    }

    [Fact]
    public async Task A_router_of_protocols_behind_a_router_of_paths_keeps_them_apart()
    {
        await using var server = await TestServer.StartAsync(app => app.MapChannels(new UrlRouter
        {
            ["shop/"] = new ProtocolTypeRouter { WebSocket = Consumer.For<Socket>(), Http = new UrlRouter { ["{tea}"] = Consumer.For<Where>() } },
        }));
        using var client = new Client(server);
        Assert.Equal("http /shop/green tea=green", await TextAsync(client, "/shop/green"));
        using var socket = await server.ConnectAsync("/shop/");
        Assert.Equal("socket", await socket.ReceiveAsync());
        using var none = await client.GetAsync("/shop/");
        Assert.Equal(404, none.Status);
    }

    [Fact]
    public async Task A_consumer_of_the_wrong_protocol_and_wrong_options_are_told_at_the_start()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter { ["a/"] = Consumer.For<Where>() },
            Http = new UrlRouter
            {
                ["b/"] = Consumer.For<Socket>().WithMiddleware((scope, connection, next) => next.RunAsync(scope, connection)),
                ["c/"] = Consumer.For<Where>().WithHttpOptions(options =>
                {
                    options.MaxRequestBodySize = -1;
                    options.LongPollTimeout = TimeSpan.Zero;
                    options.KeepAliveInterval = TimeSpan.FromTicks(-1);
                    options.WriteTimeout = TimeSpan.Zero;
                }),
            },
        })));
        Assert.Equal(
            [
                "/a/: Where serves \"http\" and is routed as \"websocket\". Route it under ProtocolTypeRouter.Http.",
                "/b/: Socket serves \"websocket\" and is routed as \"http\". Route it under ProtocolTypeRouter.WebSocket.",
                "/c/: HttpConnectionOptions.MaxRequestBodySize is -1; expected 0 or more.",
                "/c/: HttpConnectionOptions.LongPollTimeout is 00:00:00; expected more than zero.",
                "/c/: HttpConnectionOptions.WriteTimeout is 00:00:00; expected more than zero.",
                "/c/: HttpConnectionOptions.KeepAliveInterval is -00:00:00.0000001; expected zero for no comments, or more.",
            ],
            fault.Message.Split(Environment.NewLine));
    }

    [Fact]
    public async Task A_status_page_can_stand_for_a_refusal_without_a_body()
    {
        await using var server = await TestServer.StartAsync(app =>
        {
            app.UseStatusCodePages(context => context.HttpContext.Response.WriteAsync("the page of the host"));
            app.UseRouting();
            app.MapChannels(new ProtocolTypeRouter
            {
                Http = new UrlRouter { [""] = Consumer.For<Where>().WithMiddleware((_, connection, _) => connection.SendAsync(new Refusal(404)).AsTask()) },
            });
        });
        using var client = new Client(server);
        using var answer = await client.GetAsync("/");
        Assert.Equal((404, "the page of the host"), (answer.Status, await answer.TextAsync()));
    }

    [Fact]
    public async Task The_endpoints_say_what_they_are()
    {
        await using var server = await TestServer.StartAsync(app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter { ["a/"] = Consumer.For<Socket>() },
            Http = new UrlRouter { ["a/"] = Consumer.For<Where>() },
        }));
        Assert.Equal(
            ["WebSocket: /a/ => Socket", "HTTP: /a/ => Where"],
            server.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.Select(endpoint => endpoint.DisplayName));
    }

    private static async Task<string> TextAsync(Client client, string path)
    {
        using var answer = await client.GetAsync(path);
        return await answer.TextAsync();
    }
}
