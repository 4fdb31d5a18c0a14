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
            ["soak/"] = Consumer.For<Soaked>(),
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

/// <summary>Joins groups ("+1 2 3"), leaves one ("-2"), each with an answer, and sends to one ("=3 text").</summary>
public sealed class Soaked : WebSocketConsumer, IHandle<Note>
{
    protected override async Task ReceiveAsync(string text)
    {
        switch (text[0])
        {
            case '+':
                foreach (var group in text[1..].Split(' '))
                {
                    await GroupAddAsync(group);
                }

                await SendTextAsync(text);
                break;
            case '-':
                await GroupDiscardAsync(text[1..]);
                await SendTextAsync(text);
                break;
            default:
                await GroupSendAsync(text[1..text.IndexOf(' ', StringComparison.Ordinal)], new Note(text));
                break;
        }
    }

    public Task HandleAsync(Note message) => SendJsonAsync(message);
}
