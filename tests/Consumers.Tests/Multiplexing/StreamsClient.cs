using System.Text.Json;

namespace ChannelsNet.Multiplexing;

/// <summary>A client that sorts what comes by its stream: streams go on at the same time, so only within each is there an order.</summary>
internal sealed class StreamsClient(WebSocketClient client) : IDisposable
{
    private readonly Dictionary<string, Queue<string>> _received = [];

    public WebSocketClient Socket => client;

    /// <summary>Connects, and waits until these streams are open.</summary>
    public static async Task<StreamsClient> ConnectAsync(TestServer server, params string[] streams)
    {
        var client = new StreamsClient(await server.ConnectAsync());
        foreach (var stream in streams)
        {
            Assert.Equal("open", await client.NextAsync(stream));
        }

        return client;
    }

    public Task SendAsync(string stream, string payload) => client.SendAsync($$"""{"stream":"{{stream}}","payload":{{payload}}}""");

    /// <summary>The next of a stream: "open", "close CODE REASON", or the payload as it came; of the socket itself (no name) "close CODE REASON".</summary>
    public async Task<string> NextAsync(string stream)
    {
        string? next;
        while (!Of(stream).TryDequeue(out next))
        {
            var text = await client.ReceiveAsync();
            if (text.StartsWith("close ", StringComparison.Ordinal))
            {
                Of("").Enqueue(text);
                Assert.Equal("", stream);
                continue;
            }

            var root = JsonDocument.Parse(text).RootElement;
            Of(root.GetProperty("stream").GetString()!).Enqueue(Describe(root));
        }

        return next;
    }

    public void Dispose() => client.Dispose();

    private static string Describe(JsonElement message)
    {
        if (message.TryGetProperty("close", out var close))
        {
            return $"close {close.GetProperty("code").GetInt32()} {close.GetProperty("reason").GetString()}".TrimEnd();
        }

        return message.TryGetProperty("open", out _) ? "open" : message.GetProperty("payload").GetRawText();
    }

    private Queue<string> Of(string stream) =>
        _received.TryGetValue(stream, out var queue) ? queue : _received[stream] = new Queue<string>();
}
