using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using ChannelsNet.Support;

namespace ChannelsNet;

/// <summary>The chat demo as its users run it: real processes, real sockets.</summary>
public sealed class ChatTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        _patience.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task What_one_says_all_in_the_room_hear_and_nobody_in_another()
    {
        await using var node = await WebNode.StartAsync();
        using var ann = await EnterAsync(node, "lobby");
        using var bob = await EnterAsync(node, "lobby");
        using var cid = await EnterAsync(node, "cellar");

        await SayAsync(ann, "hello <b>");
        Assert.Equal("hello <b>", await HearAsync(ann));
        Assert.Equal("hello <b>", await HearAsync(bob));

        // The first that the other room hears is its own, which was said later.
        await SayAsync(cid, "anybody here?");
        Assert.Equal("anybody here?", await HearAsync(cid));
    }

    [Fact]
    public async Task A_room_is_one_over_two_nodes()
    {
        await using var redis = await RedisServer.StartAsync();
        var prefix = $"chat-{Guid.NewGuid():N}";
        await using var first = await WebNode.StartAsync(redis, prefix);
        await using var second = await WebNode.StartAsync(redis, prefix);
        using var ann = await EnterAsync(first, "lobby");
        using var bob = await EnterAsync(second, "lobby");
        using var cid = await EnterAsync(second, "cellar");

        await SayAsync(ann, "from the first");
        Assert.Equal("from the first", await HearAsync(bob));
        await SayAsync(bob, "from the second");
        Assert.Equal("from the first", await HearAsync(ann));
        Assert.Equal("from the second", await HearAsync(ann));
        await SayAsync(cid, "anybody here?");
        Assert.Equal("anybody here?", await HearAsync(cid));
    }

    [Fact]
    public async Task A_room_whose_name_is_none_is_refused_to_pages_and_to_websockets()
    {
        await using var node = await WebNode.StartAsync();
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = node.Address };
        foreach (var name in new[] { "a%20b", "a%0A", "%C3%BC", "%E2%84%AA", "a!b", "a%2Fb", "%3Cscript%3E", new string('a', 95) })
        {
            using var page = await http.GetAsync(new Uri($"/chat/{name}/", UriKind.Relative));
            Assert.Equal(HttpStatusCode.NotFound, page.StatusCode);
            Assert.Contains("No such room", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);

            using var chosen = await http.GetAsync(new Uri($"/chat/?room={name}", UriKind.Relative));
            Assert.Equal(HttpStatusCode.NotFound, chosen.StatusCode);

            using var socket = new ClientWebSocket();
            socket.Options.CollectHttpResponseDetails = true;
            await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(node.WebSocket($"/chat/{name}/"), _patience.Token));
            Assert.Equal(HttpStatusCode.Forbidden, socket.HttpStatusCode);
        }

        Assert.DoesNotContain(" at ", node.Process.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_longest_name_is_a_room_and_the_form_leads_to_it()
    {
        await using var node = await WebNode.StartAsync();
        using var http = new HttpClient { BaseAddress = node.Address };
        var name = $"A-z_0.9{new string('a', 87)}";
        using var page = await http.GetAsync(new Uri($"/chat/?room={name}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal($"/chat/{name}/", page.RequestMessage!.RequestUri!.AbsolutePath);

        using var ann = await EnterAsync(node, name);
        await SayAsync(ann, "hi");
        Assert.Equal("hi", await HearAsync(ann));
    }

    [Fact]
    public async Task The_longest_text_is_heard_and_what_is_no_text_of_that_length_ends_the_connection()
    {
        await using var node = await WebNode.StartAsync();
        using var bob = await EnterAsync(node, "lobby");
        var longest = new string('ü', 1000);
        await SayAsync(bob, longest);
        Assert.Equal(longest, await HearAsync(bob));

        foreach (var json in new[]
        {
            $$"""{"text":"{{longest}}!"}""", """{"text":""}""", """{"text":null}""", "{}", "null", "[]", """{"text":1}""",
            """{"text":"\ud800"}""", "hello",
        })
        {
            using var ann = await EnterAsync(node, "lobby");
            await SendAsync(ann, json);
            Assert.Equal(WebSocketMessageType.Close, (await ann.ReceiveAsync(new byte[4096].AsMemory(), _patience.Token)).MessageType);
            Assert.Equal(WebSocketCloseStatus.InvalidMessageType, ann.CloseStatus);
            Assert.StartsWith("Expected ", ann.CloseStatusDescription, StringComparison.Ordinal);
        }

        await SayAsync(bob, "still here");
        Assert.Equal("still here", await HearAsync(bob));
    }

    private async Task<ClientWebSocket> EnterAsync(WebNode node, string room)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(node.WebSocket($"/chat/{room}/"), _patience.Token);
        return socket;
    }

    private Task SayAsync(ClientWebSocket socket, string text) => SendAsync(socket, JsonSerializer.Serialize(new { text }));

    private Task SendAsync(ClientWebSocket socket, string json) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text, endOfMessage: true, _patience.Token);

    private async Task<string?> HearAsync(ClientWebSocket socket)
    {
        var buffer = new byte[16 * 1024];
        var length = 0;
        ValueWebSocketReceiveResult frame;
        do
        {
            frame = await socket.ReceiveAsync(buffer.AsMemory(length), _patience.Token);
            length += frame.Count;
        }
        while (!frame.EndOfMessage);

        using var json = JsonDocument.Parse(buffer.AsMemory(0, length));
        return Assert.Single(json.RootElement.EnumerateObject(), property => property.Name == "text").Value.GetString();
    }
}
