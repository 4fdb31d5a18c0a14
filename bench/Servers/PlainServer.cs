using System.Collections.Concurrent;
using System.Net.WebSockets;
using StackExchange.Redis;

namespace ChannelsNet.Bench.Servers;

/// <summary>What one writes without a library: the framework's WebSockets, and a loop over all of them.</summary>
internal sealed class PlainServer
{
    private static readonly RedisChannel _all = RedisChannel.Literal("all");

    private readonly ConcurrentDictionary<PlainSocket, bool> _subscribers = [];
    private ISubscriber? _redis;

    public static async Task<PlainServer> StartAsync(string? redis)
    {
        var server = new PlainServer();
        if (redis is not null)
        {
            server._redis = (await ConnectionMultiplexer.ConnectAsync(redis)).GetSubscriber();
            (await server._redis.SubscribeAsync(_all)).OnMessage(message => server.BroadcastAsync((byte[])message.Message!));
        }

        return server;
    }

    public void Map(WebApplication app)
    {
        app.UseWebSockets();
        app.Map("/publish/", context => ServeAsync(context, (_, text) => _redis is null ? BroadcastAsync(text) : _redis.PublishAsync(_all, text)));
        app.Map("/subscribe/", SubscribeAsync);
        app.Map("/echo/", context => ServeAsync(context, (socket, text) => socket.SendAsync(text)));
    }

    private async Task BroadcastAsync(ReadOnlyMemory<byte> text)
    {
        foreach (var (subscriber, _) in _subscribers)
        {
            try
            {
                await subscriber.SendAsync(text);
            }
            catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or ObjectDisposedException)
            {
                _subscribers.TryRemove(subscriber, out _);
            }
        }
    }

    private async Task SubscribeAsync(HttpContext context)
    {
        using var socket = new PlainSocket(await context.WebSockets.AcceptWebSocketAsync());
        _subscribers.TryAdd(socket, true);
        await socket.ReceiveAsync((_, _) => Task.CompletedTask);
        _subscribers.TryRemove(socket, out _);
    }

    private static async Task ServeAsync(HttpContext context, Func<PlainSocket, ReadOnlyMemory<byte>, Task> receive)
    {
        using var socket = new PlainSocket(await context.WebSockets.AcceptWebSocketAsync());
        await socket.ReceiveAsync(receive);
    }
}
