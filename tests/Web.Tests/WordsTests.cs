using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using ChannelsNet.Support;

namespace ChannelsNet;

/// <summary>The word count as its users run it: the worker in the web process, or as a process of its own.</summary>
public sealed class WordsTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        _patience.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task One_node_with_nothing_configured_counts_by_itself()
    {
        await using var node = await WebNode.StartAsync();
        using var http = new HttpClient { BaseAddress = node.Address };
        Assert.Contains("id=\"answer\"", await http.GetStringAsync(new Uri("/words/", UriKind.Relative)), StringComparison.Ordinal);

        using var ann = await ConnectAsync(node);
        foreach (var (text, words) in new[] { ("to be or not  to be", 6), ("", 0), (" \n ", 0), ("Grüße\taus\nder Ferne ", 4) })
        {
            await AskAsync(ann, text);
            Assert.Equal((words, node.Process.Id), await AnswerAsync(ann));
        }

        await AskAsync(ann, new string('x', 10_001));
        Assert.Equal(WebSocketMessageType.Close, (await ann.ReceiveAsync(new byte[1024].AsMemory(), _patience.Token)).MessageType);
    }

    [Fact]
    public async Task A_worker_of_its_own_counts_for_all_nodes_and_a_text_waits_for_one()
    {
        await using var redis = await RedisServer.StartAsync();
        var prefix = $"words-{Guid.NewGuid():N}";
        var settings = new Dictionary<string, string>(WebNode.Over(redis, prefix).Concat(WebNode.Over(redis, prefix, "jobs", "Redis"))) { ["RunWorkers"] = "false" };
        await using var first = await WebNode.StartAsync(settings);
        await using var second = await WebNode.StartAsync(settings);
        using var ann = await ConnectAsync(first);
        using var bob = await ConnectAsync(second);

        // Nobody counts yet.
        await AskAsync(ann, "three small words");
        await using (var worker = await WebNode.StartWorkerAsync(settings))
        {
            Assert.Equal((3, worker.Id), await AnswerAsync(ann));
            await AskAsync(bob, "two words");
            Assert.Equal((2, worker.Id), await AnswerAsync(bob));
            Assert.DoesNotContain("Now listening", worker.Output, StringComparison.Ordinal);
            await worker.StopAsync();
            Assert.DoesNotContain("warn:", worker.Output, StringComparison.Ordinal);
        }

        await AskAsync(bob, "again");
        await using var other = await WebNode.StartWorkerAsync(settings);
        Assert.Equal((1, other.Id), await AnswerAsync(bob));
    }

    [Fact]
    public async Task A_worker_over_publish_and_subscribe_does_not_start_and_says_why()
    {
        await using var redis = await RedisServer.StartAsync();
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => WebNode.StartWorkerAsync(WebNode.Over(redis, "words", "jobs")));
        Assert.Contains("Layer \"jobs\" has the back-end RedisPubSub", fault.Message, StringComparison.Ordinal);
    }

    private async Task<ClientWebSocket> ConnectAsync(WebNode node)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(node.WebSocket("/words/"), _patience.Token);
        return socket;
    }

    private Task AskAsync(ClientWebSocket socket, string text) =>
        socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(new { text }), WebSocketMessageType.Text, endOfMessage: true, _patience.Token);

    /// <summary>How many words there were, and the process that has counted them.</summary>
    private async Task<(int Words, int Process)> AnswerAsync(ClientWebSocket socket)
    {
        var buffer = new byte[1024];
        var frame = await socket.ReceiveAsync(buffer.AsMemory(), _patience.Token);
        using var json = JsonDocument.Parse(Encoding.UTF8.GetString(buffer, 0, frame.Count));
        var worker = json.RootElement.GetProperty("worker").GetString()!;
        return (json.RootElement.GetProperty("words").GetInt32(), int.Parse(worker[(worker.LastIndexOf(' ') + 1)..], null));
    }
}
