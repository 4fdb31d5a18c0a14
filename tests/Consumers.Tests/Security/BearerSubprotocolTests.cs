using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ChannelsNet.Security;

/// <summary>A page can set no header of a WebSocket but the subprotocols, so a token comes as one.</summary>
public sealed class BearerSubprotocolTests
{
    /// <summary>Says who it serves, and what it sees of the subprotocols and headers.</summary>
    private sealed class WhoAmI : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            await base.ConnectAsync();
            await SendTextAsync(
                $"{Scope.User.Identity?.Name} {string.Join("|", Scope.Subprotocols)} {Scope.Headers.SecWebSocketProtocol}");
        }
    }

    [Authorize]
    private sealed class ForUsers : WebSocketConsumer;

    private sealed class Chooses : WebSocketConsumer
    {
        protected override Task ConnectAsync() => AcceptAsync("second");
    }

    private static Task<TestServer> StartAsync(Action<WebApplication>? pipeline = null, HttpProtocols protocols = HttpProtocols.Http1) => TestServer.StartAsync(
        app =>
        {
            (pipeline ?? InOrder)(app);
            app.MapGet("/who/", (HttpContext context) => $"{context.User.Identity?.Name} {context.Request.Headers.SecWebSocketProtocol}");
            app.MapChannels(new UrlRouter
            {
                ["ws/"] = Consumer.For<WhoAmI>(),
                ["users/"] = Consumer.For<ForUsers>(),
                ["chooses/"] = Consumer.For<Chooses>(),
            });
        },
        Tokens.Accept,
        listen => listen.Protocols = protocols);

    private static void InOrder(WebApplication app)
    {
        app.UseWebSocketBearerTokens();
        app.UseAuthentication();
        app.UseAuthorization();
    }

    private static Task<WebSocketClient> ConnectAsync(TestServer server, string path, params string[] subprotocols) =>
        server.ConnectAsync(path, options => Array.ForEach(subprotocols, options.AddSubProtocol));

    [Fact]
    public async Task A_token_among_the_subprotocols_authenticates_and_is_seen_by_nobody_behind()
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server, "/ws/", "channels", $"bearer.{Tokens.For("ada")}", "other");
        Assert.Equal("channels", client.Socket.SubProtocol);
        Assert.Equal("ada channels|other channels, other", await client.ReceiveAsync());
        using var user = await ConnectAsync(server, "/users/", $"bearer.{Tokens.For("ada")}", "channels");
        Assert.Equal("channels", user.Socket.SubProtocol);
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/users/"));
    }

    [Fact]
    public async Task So_it_is_over_http_2()
    {
        await using var server = await StartAsync(protocols: HttpProtocols.Http2);
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler());
        using var client = await server.ConnectAsync(
            options: options =>
            {
                options.HttpVersion = HttpVersion.Version20;
                options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
                options.AddSubProtocol("channels");
                options.AddSubProtocol($"bearer.{Tokens.For("ada")}");
            },
            invoker: invoker);
        Assert.Equal("channels", client.Socket.SubProtocol);
        Assert.Equal("ada channels channels", await client.ReceiveAsync());
    }

    [Fact]
    public async Task A_token_alone_is_answered_with_no_subprotocol()
    {
        await using var server = await StartAsync();
        using var client = await RawClient.ConnectAsync(server, headers: $"Sec-WebSocket-Protocol: bearer.{Tokens.For("ada")}\r\n");
        Assert.DoesNotContain("Sec-WebSocket-Protocol", client.Answer, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("text ada", await client.NextAsync());
    }

    [Fact]
    public async Task Tokens_on_several_lines_and_empty_ones_are_taken_out_too()
    {
        await using var server = await StartAsync();
        using var client = await RawClient.ConnectAsync(
            server, headers: $"Sec-WebSocket-Protocol: channels\r\nSec-WebSocket-Protocol: bearer.{Tokens.For("ada")},bearer.,bearer.other\r\n");
        Assert.Contains("Sec-WebSocket-Protocol: channels\r\n", client.Answer, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("text ada channels channels", await client.NextAsync());
        using var nobody = await RawClient.ConnectAsync(server, headers: "Sec-WebSocket-Protocol: channels, bearer.\r\n");
        Assert.Equal("text  channels channels", await nobody.NextAsync());
    }

    [Fact]
    public async Task Without_a_token_no_subprotocol_is_chosen_and_with_one_the_consumers_choice_wins()
    {
        await using var server = await StartAsync();
        using var plain = await ConnectAsync(server, "/ws/", "channels");
        Assert.Null(plain.Socket.SubProtocol);
        using var chosen = await ConnectAsync(server, "/chooses/", "channels", $"bearer.{Tokens.For("ada")}", "second");
        Assert.Equal("second", chosen.Socket.SubProtocol);
    }

    [Fact]
    public async Task A_header_that_is_there_wins()
    {
        await using var server = await StartAsync();
        var (name, value) = Tokens.Header("ada");
        using var client = await server.ConnectAsync(options: options =>
        {
            options.SetRequestHeader(name, value);
            options.AddSubProtocol("channels");
            options.AddSubProtocol($"bearer.{Tokens.For("bob")}");
        });
        Assert.Equal("ada channels channels", await client.ReceiveAsync());
    }

    [Fact]
    public async Task Other_requests_are_left_alone()
    {
        await using var server = await StartAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{server.Address}/who/"));
        request.Headers.Add("Sec-WebSocket-Protocol", "bearer.x");
        using var response = await http.SendAsync(request);
        Assert.Equal(" bearer.x", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Behind_authentication_it_says_where_to_stand(bool written)
    {
        await using var server = await StartAsync(app =>
        {
            if (written)
            {
                app.UseAuthentication();
            }

            app.UseWebSocketBearerTokens();
        });
        Assert.Equal(HttpStatusCode.InternalServerError, await server.StatusAsync("/ws/", ("Sec-WebSocket-Protocol", "channels, bearer.x")));
        Assert.Contains(server.Errors, error => error.Contains("Write app.UseAuthentication() behind app.UseWebSocketBearerTokens()", StringComparison.Ordinal));
    }
}
