using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis.PubSub;

/// <summary>One server of a layer over publish and subscribe: what is subscribed there, and what waits to be published.</summary>
internal sealed class PubSubHost
{
    private readonly RedisConnection _connection;
    private readonly RetryBuffer _waiting;
    private readonly Drops _drops;
    private int _draining;

    public PubSubHost(RedisConnection connection, ChannelLayerOptions options, TimeProvider time, Drops drops, ILogger logger)
    {
        _connection = connection;
        _drops = drops;
        _waiting = new RetryBuffer(options.RetryBuffer, options.Expiry, time, drops);
        Subscriptions = new RedisSubscriptions(connection, time, logger);
        connection.Changed += () => _ = DrainAsync();
    }

    public RedisSubscriptions Subscriptions { get; }

    public string Name => _connection.Name;

    /// <summary>Publishes a message; null if that has been done, else why it has certainly not been.</summary>
    public ValueTask<Exception?> TryPublishAsync(RedisChannel channel, byte[] payload) =>
        _waiting.IsEmpty ? PublishAsync(channel, payload) : new(new InvalidOperationException("Earlier messages wait to be published."));

    /// <summary>Keeps a message until the connection is back and those kept before it have gone.</summary>
    public void Keep(RedisChannel channel, byte[] payload)
    {
        _waiting.Add(channel, payload);
        _ = DrainAsync();
    }

    /// <remarks>
    /// A message that was on its way when the connection broke is counted as lost: to send it again could double it.
    /// </remarks>
    private async ValueTask<Exception?> PublishAsync(RedisChannel channel, byte[] payload)
    {
        try
        {
            var redis = await _connection.GetAsync().ConfigureAwait(false);
            await redis.GetSubscriber().PublishAsync(channel, payload).ConfigureAwait(false);
            return null;
        }
        catch (RedisConnectionException fault) when (fault.CommandStatus != CommandStatus.Sent)
        {
            return fault;
        }
        catch (Exception fault) when (fault is RedisConnectionException or RedisTimeoutException or RedisServerException)
        {
            _drops.Add(DropReason.Disconnected, channel.ToString(), why: fault.Message);
            return null;
        }
    }

    /// <summary>Publishes what waits, if nobody does so already.</summary>
    private async Task DrainAsync()
    {
        var away = false;
        while (!away && _connection.IsConnected && !_waiting.IsEmpty && Interlocked.Exchange(ref _draining, 1) == 0)
        {
            while (_waiting.TryPeek(out var oldest))
            {
                away = await PublishAsync(oldest.Channel, oldest.Payload).ConfigureAwait(false) is not null;
                if (away)
                {
                    break;
                }

                _waiting.Remove(oldest);
            }

            Volatile.Write(ref _draining, 0);
        }
    }
}
