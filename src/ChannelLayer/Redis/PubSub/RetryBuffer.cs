using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Telemetry;
using StackExchange.Redis;

namespace ChannelsNet.Redis.PubSub;

/// <summary>
/// What waits to be published to one server that is away, the oldest first. The oldest is dropped when there is no room for the next, or when
/// it has expired.
/// </summary>
internal sealed class RetryBuffer(int capacity, TimeSpan expiry, TimeProvider time, Drops drops)
{
    private readonly Queue<Waiting> _waiting = new();

    /// <summary>How many have ever been added.</summary>
    public long Added { get; private set; }

    public void Add(RedisChannel channel, byte[] payload)
    {
        lock (_waiting)
        {
            Added++;
            if (_waiting.Count == capacity)
            {
                Drop("The retry buffer is full.");
            }

            _waiting.Enqueue(new Waiting(channel, payload, time.GetTimestamp()));
        }
    }

    /// <summary>The oldest that has not expired. It stays until <see cref="Remove"/>, so that nothing overtakes it.</summary>
    public bool TryPeek([NotNullWhen(true)] out Waiting? oldest)
    {
        lock (_waiting)
        {
            while (_waiting.TryPeek(out oldest) && time.GetElapsedTime(oldest.Since) >= expiry)
            {
                Drop("It expired in the retry buffer.");
            }

            return oldest is not null;
        }
    }

    /// <summary>Takes out the oldest if it still is the one given.</summary>
    public void Remove(Waiting published)
    {
        lock (_waiting)
        {
            if (_waiting.TryPeek(out var oldest) && oldest == published)
            {
                _waiting.Dequeue();
            }
        }
    }

    private void Drop(string why) => drops.Add(DropReason.Disconnected, _waiting.Dequeue().Channel.ToString(), why: why);

    internal sealed class Waiting(RedisChannel channel, byte[] payload, long since)
    {
        public RedisChannel Channel { get; } = channel;

        public byte[] Payload { get; } = payload;

        public long Since { get; } = since;
    }
}
