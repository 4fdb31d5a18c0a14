using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.WebSockets;

/// <summary>Handshakes that fail, each with a response that says so.</summary>
public sealed class HandshakeTests
{
    private readonly Diary _diary = new();

    /// <summary>Accepts as the query says.</summary>
    private sealed class Accepts(Diary diary) : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            var headers = new HeaderDictionary();
            if (Scope.Query["header"] is [{ } header])
            {
                headers[header.Split('=')[0]] = header[(header.IndexOf('=', StringComparison.Ordinal) + 1)..];
            }

            try
            {
                await AcceptAsync(Scope.Query["subprotocol"] is [{ } subprotocol] ? subprotocol : null, headers);
            }
            catch (InvalidOperationException exception) when (Scope.Query["then"] == "reject")
            {
                diary.Note(exception.Message);
                await RefuseAsync(StatusCodes.Status418ImATeapot);
            }

            await SendTextAsync(string.Join('|', Scope.Subprotocols));
        }
    }

    [Theory]
    [InlineData("subprotocol=graphql", null, "\"graphql\", and the client offers none")]
    [InlineData("subprotocol=graphql", "chat, mqtt", "\"graphql\", and the client offers \"chat\", \"mqtt\"")]
    [InlineData("subprotocol=a%20b", "a b", "\"a b\", and the client offers none")]
    [InlineData("subprotocol=", "chat", "\"\", and the client offers \"chat\"")]
    [InlineData("subprotocol=Chat", "chat", "\"Chat\", and the client offers \"chat\"")]
    [InlineData("header=X-Node=a%0Db", null, "\"X-Node\", whose value has U+000D at 1")]
    [InlineData("header=X-Node=h%C3%A4h", null, "\"X-Node\", whose value has U+00E4 at 1")]
    [InlineData("header=X%20Node=a", null, "a header named \"X Node\"")]
    [InlineData("header=sec-websocket-accept=a", null, "\"sec-websocket-accept\", which belongs to the handshake")]
    [InlineData("header=Upgrade=h2c", null, "\"Upgrade\", which belongs to the handshake")]
    public async Task What_cannot_be_accepted_with_is_said_and_the_client_can_still_be_rejected(string query, string? offered, string expected)
    {
        await using var server = await StartAsync();
        (string, string)[] headers = offered is null ? [] : [("Sec-WebSocket-Protocol", offered)];
        Assert.Equal((HttpStatusCode)418, await server.StatusAsync($"/ws/?then=reject&{query}", headers));
        Assert.Contains(expected, await _diary.NextAsync(), StringComparison.Ordinal);
        Assert.Empty(server.Errors);

        // A consumer that does not expect it fails, as with every exception.
        Assert.Equal(HttpStatusCode.InternalServerError, await server.StatusAsync($"/ws/?{query}", headers));
        Assert.Single(server.Errors);
    }

    [Fact]
    public async Task A_subprotocol_that_is_no_token_is_not_offered_to_the_consumer()
    {
        await using var server = await StartAsync();
        using var client = await RawClient.ConnectAsync(server, headers: "Sec-WebSocket-Protocol: a b, good, @bad\r\n");
        Assert.Equal("text good", await client.NextAsync());
    }

    [Fact]
    public async Task Beyond_the_server_s_own_limit_a_client_gets_503_until_another_has_left()
    {
        await using var server = await StartAsync(services => services.Configure<KestrelServerOptions>(options => options.Limits.MaxConcurrentUpgradedConnections = 1));
        using (var first = await RawClient.ConnectAsync(server))
        {
            Assert.Equal("text", await first.NextAsync());
            using var http = new HttpClient();
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address + "/ws/"));
            request.Headers.Add("Connection", "Upgrade");
            request.Headers.Add("Upgrade", "websocket");
            request.Headers.Add("Sec-WebSocket-Version", "13");
            request.Headers.Add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
            using var response = await http.SendAsync(request);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Equal("10", response.Headers.RetryAfter?.ToString());
            Assert.DoesNotContain(response.Headers, header => header.Key.StartsWith("Sec-WebSocket", StringComparison.OrdinalIgnoreCase) || header.Key is "Upgrade");
        }

        for (var status = HttpStatusCode.ServiceUnavailable; status != HttpStatusCode.SwitchingProtocols; status = await server.StatusAsync("/ws/"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        }

        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task It_works_without_the_pipe_and_the_socket_of_the_connection()
    {
        AppContext.SetSwitch(DirectTransport.Switch, false);
        try
        {
            await using var server = await StartAsync();
            using var client = await server.ConnectAsync();
            Assert.Equal("", await client.ReceiveAsync());
            await client.CloseAsync();
        }
        finally
        {
            AppContext.SetSwitch(DirectTransport.Switch, true);
        }
    }

    private Task<TestServer> StartAsync(Action<IServiceCollection>? configure = null) => TestServer.StartAsync(Consumer.For<Accepts>(), services =>
    {
        services.AddSingleton(_diary);
        configure?.Invoke(services);
    });
}
