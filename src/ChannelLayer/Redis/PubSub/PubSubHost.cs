using System.Diagnostics;
using ChannelsNet.Background;
using ChannelsNet.Telemetry;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis.PubSub;

/// <summary>One server of a layer over publish and subscribe: what is subscribed there, and what waits to be published.</summary>
/// <remarks>
/// When a server comes back, the processes find it and subscribe again at different moments; what is published meanwhile some would not get. So
/// a host that was away counts as away for a little longer.
/// </remarks>
internal sealed class PubSubHost
{
    /// <summary>Longer than the longest wait between two looks for a lost server, and the connection that follows it.</summary>
    private static readonly TimeSpan _settling = TimeSpan.FromSeconds(2);

    /// <summary>What was kept is published in bursts, one in this time: members whose mailboxes it fills at once would miss the rest.</summary>
    private static readonly TimeSpan _pace = TimeSpan.FromMilliseconds(100);

    private readonly RedisConnection _connection;
    private readonly RetryBuffer _waiting;
    private readonly Drops _drops;
    private readonly LayerMeter _meter;
    private readonly bool _keeps;
    private readonly int _burst;
    private readonly PublishPipeline _pipeline;
    private readonly ILogger _logger;
    private readonly string _draining;
    private readonly Lock _lock = new();

    /// <summary>Written under the lock together with what it is decided by, so that whoever is late does not write what was true before.</summary>
    private volatile bool _isAway;

    /// <summary>When the server came back last, by <see cref="Stopwatch"/>; it goes by the real network's clock.</summary>
    private long _backSince;

    private int _isDraining;

    /// <param name="connection">To the server.</param>
    /// <param name="options">Those of the layer.</param>
    /// <param name="time">The clock.</param>
    /// <param name="drops">Counts what is lost.</param>
    /// <param name="meter">Counts what was kept and is sent.</param>
    /// <param name="logger">The layer's.</param>
    /// <param name="whenUnsent">Gets what <see cref="PostAsync"/> has taken and could not publish, in order.</param>
    public PubSubHost(
        RedisConnection connection, ChannelLayerOptions options, TimeProvider time, Drops drops, LayerMeter meter, ILogger logger, Action<PubSubHost, Publication> whenUnsent)
    {
        _pipeline = new PublishPipeline(connection.Name, logger, publication => KeepOrCount(publication, whenUnsent));
        _connection = connection;
        _logger = logger;
        _draining = $"Publishing what was buffered to Redis at {connection.Name}";
        _drops = drops;
        _meter = meter;
        _keeps = options.WhenDisconnected == WhenDisconnected.Keep;
        _burst = Math.Max(1, options.Capacity / 2);
        _waiting = new RetryBuffer(options.RetryBuffer, options.Expiry, time, drops);
        Subscriptions = new RedisSubscriptions(connection, logger);
        connection.Changed += Note;
        connection.Renewed += new Resubscription(connection, Subscriptions, logger).Begin;
    }

    public RedisSubscriptions Subscriptions { get; }

    public string Name => _connection.Name;

    /// <summary>Publishes a message; null if that has been done, else why it has certainly not been.</summary>
    public ValueTask<Exception?> TryPublishAsync(in Publication publication) => _keeps && _isAway
        ? new(new InvalidOperationException("The server was away, and earlier messages wait to be published."))
        : PublishAsync(publication.Channel, publication.Payload);

    /// <summary>Publishes a message behind all that were posted before; ends when it has been taken, which is before the server has confirmed it.</summary>
    public async ValueTask PostAsync(Publication publication)
    {
        // Until the connection stands a sender's next message must not find it standing before this one does.
        Task connecting = _connection.GetAsync().AsTask();
        if (!connecting.IsCompleted)
        {
            await connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await _pipeline.AddAsync(PublishOrCountAsync(publication), publication).ConfigureAwait(false);
    }

    /// <summary>Ends when all that was posted before has been confirmed, or has failed.</summary>
    public Task ConfirmedAsync() => _pipeline.ConfirmedAsync();

    /// <summary>Keeps a message until the server is back and those kept before it have gone.</summary>
    public void Keep(RedisChannel channel, byte[] payload)
    {
        _waiting.Add(channel, payload);
        lock (_lock)
        {
            if (_isAway)
            {
                return;
            }

            _isAway = true;
        }

        Note();
    }

    private void Note()
    {
        lock (_lock)
        {
            if (!_connection.IsConnected)
            {
                _isAway = true;
                return;
            }

            if (!_isAway)
            {
                return;
            }

            Volatile.Write(ref _backSince, Stopwatch.GetTimestamp());
        }

        _ = BackgroundWork.Run(_draining, _logger, DrainAsync);
    }

    /// <summary>The sender has gone on, so a message that can't be buffered, because it is too large with what is added then, is counted.</summary>
    private void KeepOrCount(Publication publication, Action<PubSubHost, Publication> keep)
    {
        try
        {
            keep(this, publication);
        }
        catch (Exception fault)
        {
            _drops.Add(DropReason.Disconnected, publication.Channel.ToString(), why: fault.Message);
        }
    }

    /// <summary>The sender has gone on, so what can't be mended is counted.</summary>
    private async Task<Exception?> PublishOrCountAsync(Publication publication)
    {
        try
        {
            return await TryPublishAsync(publication).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            _drops.Add(DropReason.Disconnected, publication.Channel.ToString(), why: fault.Message);
            return null;
        }
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
        catch (Exception fault) when (fault is RedisConnectionException { CommandStatus: not CommandStatus.Sent } || RedisFaults.IsPassing(fault))
        {
            return fault;
        }
        catch (Exception fault) when (fault is RedisConnectionException or RedisTimeoutException)
        {
            _drops.Add(DropReason.Disconnected, channel.ToString(), why: fault.Message);
            return null;
        }
    }

    /// <summary>
    /// Publishes what waits, once the server has been back for a while; if somebody does so already, that one goes on. When nothing waits any more, the server
    /// is no longer away.
    /// </summary>
    private async Task DrainAsync()
    {
        // Looked at again when this has ended: the server may have come back just then, and whoever saw it left it to this.
        while (_connection.IsConnected && _isAway && Interlocked.Exchange(ref _isDraining, 1) == 0)
        {
            try
            {
                await DrainWhileConnectedAsync().ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                // What is sent meanwhile waits behind what is buffered, so this goes on.
                BackgroundWork.Report(_draining, _logger, exception);
                await Task.Delay(_settling).ConfigureAwait(false);
            }
            finally
            {
                Volatile.Write(ref _isDraining, 0);
            }
        }
    }

    private async Task DrainWhileConnectedAsync()
    {
        var (left, added) = (_burst, _waiting.Added);
        while (_connection.IsConnected && _isAway)
        {
            var unsettled = _settling - Stopwatch.GetElapsedTime(Volatile.Read(ref _backSince));
            if (unsettled > TimeSpan.Zero)
            {
                await Task.Delay(unsettled).ConfigureAwait(false);
            }
            else if (left == 0)
            {
                await Task.Delay(_pace).ConfigureAwait(false);

                // Faster than new ones come, so that there is an end.
                var addedNow = _waiting.Added;
                (left, added) = ((int)Math.Max(_burst, 2 * (addedNow - added)), addedNow);
            }
            else if (!_waiting.TryPeek(out var oldest))
            {
                lock (_lock)
                {
                    // Somebody may just have kept a message in the belief that it would be seen here, or the connection may have been lost again.
                    _isAway = _waiting.TryPeek(out _) || !_connection.IsConnected;
                }
            }
            else if (await PublishBufferedAsync(oldest).ConfigureAwait(false))
            {
                left--;
                _waiting.Remove(oldest);
                _meter.Retried();
            }
            else
            {
                await Task.Delay(_settling).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Publishes a message that was buffered; false if it can't be yet. One that the server will never take is counted: others wait behind it.</summary>
    private async Task<bool> PublishBufferedAsync(RetryBuffer.Waiting buffered)
    {
        try
        {
            return await PublishAsync(buffered.Channel, buffered.Payload).ConfigureAwait(false) is null;
        }
        catch (Exception fault)
        {
            _drops.Add(DropReason.Disconnected, buffered.Channel.ToString(), why: fault.Message);
            return true;
        }
    }
}
