using System.Diagnostics;
using ChannelsNet.Background;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis.PubSub;

/// <summary>
/// The subscriptions of a process. Messages of one Redis channel are handed on in their order, one at a time. While the server is
/// away a subscription is wanted, not made; it is made when the server is back.
/// </summary>
/// <remarks>Waits here are for a real network, so they go by the real clock.</remarks>
internal sealed class RedisSubscriptions(RedisConnection connection, ILogger logger)
{
    private static readonly TimeSpan _retry = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<RedisChannel, Subscription> _subscriptions = [];

    /// <summary>Subscribes to a Redis channel that is not open.</summary>
    /// <returns>Ends when Redis has answered that messages come from now on, or has been found to be away.</returns>
    public Task Open(RedisChannel channel, Action<ChannelMessage> deliver)
    {
        var subscription = new Subscription();
        lock (_lock)
        {
            var before = _subscriptions.GetValueOrDefault(channel)?.Ended ?? Task.CompletedTask;
            _subscriptions[channel] = subscription;
            subscription.Ended = BackgroundWork.Run($"Subscription to {channel}", logger, () => RunAsync(subscription, channel, deliver, before));
        }

        return subscription.Opened.Task;
    }

    /// <summary>Ends a subscription. One that is opened after it waits until this has ended.</summary>
    public void Close(RedisChannel channel)
    {
        lock (_lock)
        {
            _subscriptions[channel].Closing.TrySetResult();
        }
    }

    /// <summary>Whether the client does not have a subscription that it has been given to keep.</summary>
    public bool IsAnyMissing(ISubscriber subscriber)
    {
        lock (_lock)
        {
            return _subscriptions.Any(subscription => subscription.Value is { IsMade: true, Closing.Task.IsCompleted: false }
                && subscriber.SubscribedEndpoint(subscription.Key) is null);
        }
    }

    private async Task RunAsync(Subscription subscription, RedisChannel channel, Action<ChannelMessage> deliver, Task before)
    {
        await before.ConfigureAwait(false);
        var closing = subscription.Closing.Task;
        var began = Stopwatch.GetTimestamp();
        while (!await TryOpenAsync(subscription, channel, deliver).ConfigureAwait(false) && !closing.IsCompleted)
        {
            if (!IsWorthWaiting(Stopwatch.GetElapsedTime(began)))
            {
                subscription.Opened.TrySetResult();
            }

            await Task.WhenAny(closing, Task.Delay(subscription.Opened.Task.IsCompleted ? _retry : _look)).ConfigureAwait(false);
        }

        subscription.IsMade = true;
        subscription.Opened.TrySetResult();
        await closing.ConfigureAwait(false);
        await TryCloseAsync(channel).ConfigureAwait(false);
        lock (_lock)
        {
            if (_subscriptions[channel] == subscription)
            {
                _subscriptions.Remove(channel);
            }
        }
    }

    private async Task<bool> TryOpenAsync(Subscription subscription, RedisChannel channel, Action<ChannelMessage> deliver)
    {
        try
        {
            var redis = await connection.GetAsync().ConfigureAwait(false);
            var subscriber = redis.GetSubscriber();
            var queue = await subscriber.SubscribeAsync(channel).ConfigureAwait(false);
            queue.OnMessage(message =>
            {
                // What was published before the end and comes after it is for nobody, also if the channel has been opened again.
                if (!subscription.Closing.Task.IsCompleted)
                {
                    Deliver(message, deliver);
                }
            });
            var began = Stopwatch.GetTimestamp();
            while (subscriber.SubscribedEndpoint(channel) is null && IsWorthWaiting(Stopwatch.GetElapsedTime(began)))
            {
                await Task.Delay(_look).ConfigureAwait(false);
            }

            return true;
        }
        catch (ObjectDisposedException)
        {
            // The process ends.
            return true;
        }
        catch (Exception fault)
        {
            if (!subscription.HasLogged)
            {
                subscription.HasLogged = true;
                RedisLog.NotSubscribed(logger, channel.ToString(), fault.Message);
            }

            await TryCloseAsync(channel).ConfigureAwait(false);
            return false;
        }
    }

    /// <summary>A message that can't be delivered does not keep the next one from it.</summary>
    private void Deliver(ChannelMessage message, Action<ChannelMessage> deliver)
    {
        try
        {
            deliver(message);
        }
        catch (Exception exception)
        {
            BackgroundWork.Report($"Delivery of a message of {message.Channel}", logger, exception);
        }
    }

    /// <summary>
    /// At the start the connection for subscriptions comes a moment after the one for commands, and until then a subscription is refused, or only noted by
    /// the client. Whoever opened it counts on it, so that is waited for while the server answers; one that does not is away, and gets a moment only.
    /// </summary>
    private bool IsWorthWaiting(TimeSpan waited) => waited < (connection.IsConnected ? _patience : _retry);

    /// <summary>A server that can't be told has forgotten the subscription with the connection.</summary>
    private async Task TryCloseAsync(RedisChannel channel)
    {
        try
        {
            var redis = await connection.GetAsync().ConfigureAwait(false);
            await redis.GetSubscriber().UnsubscribeAsync(channel).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            RedisLog.NotUnsubscribed(logger, channel.ToString(), fault.Message);
        }
    }

    private sealed class Subscription
    {
        private volatile bool _isMade;

        public bool IsMade
        {
            get => _isMade;
            set => _isMade = value;
        }

        /// <summary>Whether the log says that it can't be made now.</summary>
        public bool HasLogged { get; set; }

        public TaskCompletionSource Opened { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Closing { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended { get; set; } = Task.CompletedTask;
    }
}
