using ChannelsNet.Background;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis.PubSub;

/// <summary>Sees to it that a server that is back has the subscriptions of this process again.</summary>
/// <remarks>
/// The client makes them when the connection for them is back. If another of its connections breaks or comes back at that moment, it may find no server
/// to send them to, and it does not try again: the connections stand, and nothing is heard over them. The waits are for a real network.
/// </remarks>
internal sealed class Resubscription(RedisConnection connection, RedisSubscriptions subscriptions, ILogger logger)
{
    /// <summary>What the client is given to do it by itself. A sender trusts a server that was away only after that (<see cref="PubSubHost"/>).</summary>
    private static readonly TimeSpan _first = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan _next = TimeSpan.FromSeconds(1);

    private int _renewals;

    /// <summary>A connection has been made anew.</summary>
    public void Begin(ConnectionMultiplexer redis)
    {
        if (Interlocked.Increment(ref _renewals) == 1)
        {
            _ = BackgroundWork.Run($"Subscribing again at Redis at {connection.Name}", logger, () => RunAsync(redis));
        }
    }

    private async Task RunAsync(ConnectionMultiplexer redis)
    {
        int seen;
        do
        {
            seen = Volatile.Read(ref _renewals);
            await Task.Delay(_first).ConfigureAwait(false);
            if (!await TryMakeAsync(redis).ConfigureAwait(false))
            {
                return;
            }
        }
        while (Interlocked.CompareExchange(ref _renewals, 0, seen) != seen);
    }

    /// <summary>Ends with true when all are there, or the server is away again; with false if the client is at its end.</summary>
    private async Task<bool> TryMakeAsync(ConnectionMultiplexer redis)
    {
        for (var tries = 0; connection.IsConnected; tries++)
        {
            try
            {
                if (!subscriptions.IsAnyMissing(redis.GetSubscriber()))
                {
                    return true;
                }

                if (tries == 0)
                {
                    RedisLog.Resubscribing(logger, connection.Name);
                }

                // This makes the client look for what it should be subscribed to and is not.
                await redis.ReconfigureAsync("Subscriptions are missing.").ConfigureAwait(false);
            }
            catch (ObjectDisposedException)
            {
                return false;
            }
            catch (Exception fault)
            {
                RedisLog.NotResubscribed(logger, connection.Name, fault.Message);
            }

            await Task.Delay(_next).ConfigureAwait(false);
        }

        return true;
    }
}
