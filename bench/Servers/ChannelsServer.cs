namespace ChannelsNet.Bench.Servers;

/// <summary>ChannelsNet, as a user writes it.</summary>
internal static class ChannelsServer
{
    public static void Add(WebApplicationBuilder builder, string? redis) =>
        builder.Services.AddChannels(builder.Configuration, options =>
        {
            if (redis is not null)
            {
                options.Backend = ChannelLayerBackend.RedisPubSub;
                options.Hosts.Add(redis);
            }
        }).AddMessage<Note>();

    public static void Map(WebApplication app) => app.MapChannels(new ProtocolTypeRouter
    {
        WebSocket = new UrlRouter
        {
            ["publish/"] = Consumer.For<Publisher>(),
            ["subscribe/"] = Consumer.For<Subscriber>(),
            ["echo/"] = Consumer.For<Echo>(),
        },
    });
}

[MessageType("bench.note")]
public sealed record Note(string Text) : Message;

public sealed class Publisher : WebSocketConsumer
{
    protected override Task ReceiveAsync(string text) => GroupSendAsync("all", new Note(text));
}

public sealed class Subscriber : WebSocketConsumer, IHandle<Note>
{
    protected override IReadOnlyList<string> Groups => ["all"];

    public Task HandleAsync(Note message) => SendJsonAsync(message);
}

public sealed class Echo : WebSocketConsumer
{
    protected override Task ReceiveAsync(string text) => SendTextAsync(text);
}
