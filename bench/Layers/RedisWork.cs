using StackExchange.Redis;

namespace ChannelsNet.Bench.Layers;

/// <summary>One measurement each: how many a second. channels_redis_bench.py does the same.</summary>
internal static class RedisWork
{
    /// <summary>Group sends over publish and subscribe, counted by one member.</summary>
    public static async Task<double> PubSubGroupAsync(string address, double seconds, int senders)
    {
        await using var layer = new Layer(ChannelLayerBackend.RedisPubSub, address, capacity: 2000);
        var channel = await layer.Channels.NewChannelAsync();
        await layer.Channels.GroupAddAsync("room", channel.Name);
        return await PublishAsync(
            seconds, senders, () => layer.Channels.GroupSendAsync("room", ChatMessage.Hello).AsTask(),
            async (received, stopped) =>
            {
                while (true)
                {
                    await channel.ReadAsync(stopped);
                    received();
                }
            });
    }

    /// <summary>The same bytes by StackExchange.Redis alone: what its client leaves to a layer.</summary>
    public static async Task<double> BarePublishAsync(string address, double seconds, int senders, byte[] payload)
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(address);
        var bus = redis.GetSubscriber();
        var room = RedisChannel.Literal("asgi__group__room");
        var queue = await bus.SubscribeAsync(room);
        return await PublishAsync(
            seconds, senders, () => bus.PublishAsync(room, payload),
            async (received, stopped) =>
            {
                while (true)
                {
                    await queue.ReadAsync(stopped);
                    received();
                }
            });
    }

    /// <summary>One channel with one sender and one receiver, as in two processes.</summary>
    public static async Task<double> QueueChannelAsync(string address, double seconds)
    {
        await using var sender = new Layer(ChannelLayerBackend.Redis, address);
        await using var receiver = new Layer(ChannelLayerBackend.Redis, address);
        using var window = new SemaphoreSlim(50);
        using var stop = new CancellationTokenSource();
        var meter = new Meter(seconds);
        var receiving = ReceiveAsync();
        while (meter.IsRunning)
        {
            await window.WaitAsync();
            await sender.Channels.SendAsync("work", ChatMessage.Hello);
        }

        await Task.Delay(200);
        await stop.CancelAsync();
        await receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await sender.Channels.FlushAsync();
        return meter.Rate;

        async Task ReceiveAsync()
        {
            while (true)
            {
                await receiver.Channels.ReceiveAsync("work", stop.Token);
                window.Release();
                meter.Add();
            }
        }
    }

    /// <summary>One group send after the other, each when all members of another process have read the one before.</summary>
    public static async Task<double> QueueGroupAsync(string address, double seconds, int members)
    {
        await using var sender = new Layer(ChannelLayerBackend.Redis, address);
        await using var receiver = new Layer(ChannelLayerBackend.Redis, address);
        using var done = new SemaphoreSlim(0);
        using var stop = new CancellationTokenSource();
        var left = 0;
        var receiving = new List<Task>();
        for (var i = 0; i < members; i++)
        {
            var channel = await receiver.Channels.NewChannelAsync();
            await receiver.Channels.GroupAddAsync("room", channel.Name);
            receiving.Add(ReceiveAsync(channel));
        }

        var meter = new Meter(seconds);
        while (meter.IsRunning)
        {
            Volatile.Write(ref left, members);
            await sender.Channels.GroupSendAsync("room", ChatMessage.Hello);
            await done.WaitAsync();
            meter.Add();
        }

        await stop.CancelAsync();
        await Task.WhenAll(receiving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await sender.Channels.FlushAsync();
        return meter.Rate;

        async Task ReceiveAsync(IChannel channel)
        {
            while (true)
            {
                await channel.ReadAsync(stop.Token);
                if (Interlocked.Decrement(ref left) == 0)
                {
                    done.Release();
                }
            }
        }
    }

    private static async Task<double> PublishAsync(
        double seconds, int senders, Func<Task> send, Func<Action, CancellationToken, Task> receive)
    {
        using var stop = new CancellationTokenSource();
        var meter = new Meter(seconds);
        long sent = 0, received = 0;
        var receiving = receive(
            () =>
            {
                Interlocked.Increment(ref received);
                meter.Add();
            }, stop.Token);
        await Task.WhenAll(Enumerable.Range(0, senders).Select(_ => Task.Run(SendAsync)));
        await stop.CancelAsync();
        await receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return meter.Rate;

        async Task SendAsync()
        {
            while (meter.IsRunning)
            {
                // So that a slow member shows, and not the length of its mailbox.
                while (Interlocked.Read(ref sent) - Interlocked.Read(ref received) > 1000)
                {
                    await Task.Delay(1);
                }

                Interlocked.Increment(ref sent);
                await send();
            }
        }
    }
}
