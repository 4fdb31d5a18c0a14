using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Security;

/// <summary>A session belongs to HTTP requests; a WebSocket reads it.</summary>
public sealed class SessionTests
{
    private sealed class Knows : WebSocketConsumer
    {
        private ISession Session => Scope.HttpContext!.Session;

        protected override async Task ReceiveAsync(string text)
        {
            try
            {
                switch (text)
                {
                    case "set":
                        Session.SetString("name", "bob");
                        break;
                    case "remove":
                        Session.Remove("name");
                        break;
                    case "clear":
                        Session.Clear();
                        break;
                    default:
                        await Session.CommitAsync();
                        break;
                }
            }
            catch (InvalidOperationException fault)
            {
                await SendTextAsync(fault.Message);
            }

            await SendTextAsync($"{Session.GetString("name")} of {string.Join(",", Session.Keys)}");
        }
    }

    private readonly Diary _diary = new();

    private Task<TestServer> StartAsync() => TestServer.StartAsync(
        app =>
        {
            app.Use(async (context, next) =>
            {
                await next(context);
                if (context.Request.Path == "/ws/")
                {
                    _diary.Note("the session has been saved, if it is");
                }
            });
            app.UseSession();
            app.MapGet("/write/{name}/", (HttpContext context, string name) => context.Session.SetString("name", name));
            app.MapGet("/read/", (HttpContext context) => context.Session.GetString("name"));
            app.MapChannels(new UrlRouter { ["ws/"] = Consumer.For<Knows>() });
        },
        services => services.AddDistributedMemoryCache().AddSession().AddDataProtection().UseEphemeralDataProtectionProvider());

    // CH-246: a session's cookie comes with the answer to a request.
    [Fact]
    public async Task A_consumer_reads_what_a_request_has_written_and_writes_nothing()
    {
        await using var server = await StartAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var written = await http.GetAsync(new Uri($"{server.Address}/write/ada/"));
        var cookie = Assert.Single(written.Headers.GetValues("Set-Cookie")).Split(';')[0];
        Assert.EndsWith("; path=/; samesite=lax; httponly", Assert.Single(written.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
        using var client = await server.ConnectAsync(options: options => options.SetRequestHeader("Cookie", cookie));
        await client.SendAsync("read");
        Assert.Equal("ada of name", await client.ReceiveAsync());
        foreach (var (act, what) in new[] { ("set", "write \"name\" into"), ("remove", "remove \"name\" from"), ("clear", "clear") })
        {
            await client.SendAsync(act);
            Assert.StartsWith($"A WebSocket can't {what} the session: the session's cookie can't be set", await client.ReceiveAsync(), StringComparison.Ordinal);
            Assert.Equal("ada of name", await client.ReceiveAsync());
        }

        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task The_end_of_a_websocket_saves_no_session()
    {
        await using var server = await StartAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var written = await http.GetAsync(new Uri($"{server.Address}/write/ada/"));
        var cookie = Assert.Single(written.Headers.GetValues("Set-Cookie")).Split(';')[0];
        using (var client = await server.ConnectAsync(options: options => options.SetRequestHeader("Cookie", cookie)))
        {
            await client.SendAsync("set");
            Assert.StartsWith("A WebSocket can't", await client.ReceiveAsync(), StringComparison.Ordinal);
            await ReadAsync(http, server, "/write/eve/", cookie);
            await client.CloseAsync();
        }

        Assert.Equal("the session has been saved, if it is", await _diary.NextAsync());
        Assert.Equal("eve", await ReadAsync(http, server, "/read/", cookie));
    }

    [Fact]
    public async Task Without_sessions_there_is_none()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Knows>());
        using var client = await server.ConnectAsync();
        await client.SendAsync("read");
        Assert.StartsWith("Session has not been configured", await client.ReceiveAsync(), StringComparison.Ordinal);
        Assert.StartsWith("close 1011", await client.ReceiveAsync(), StringComparison.Ordinal);
    }

    private static async Task<string> ReadAsync(HttpClient http, TestServer server, string path, string cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address + path));
        request.Headers.Add("Cookie", cookie);
        using var response = await http.SendAsync(request);
        return await response.Content.ReadAsStringAsync();
    }
}
