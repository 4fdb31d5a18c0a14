using StackExchange.Redis;

namespace ChannelsNet.Redis.Queues;

/// <summary>Who in this process waits for messages of general channels, those that any process may read.</summary>
internal sealed class GeneralQueues
{
    private readonly Dictionary<RedisKey, Queue<TaskCompletionSource<Message>>> _waiting = [];

    /// <summary>The queues that somebody waits for.</summary>
    public IReadOnlyCollection<RedisKey> Wanted
    {
        get
        {
            lock (_waiting)
            {
                Forget();
                return [.. _waiting.Keys];
            }
        }
    }

    /// <summary>Waits for a message that <see cref="TryHand"/> hands over.</summary>
    public TaskCompletionSource<Message> Enter(RedisKey queue)
    {
        var waiter = new TaskCompletionSource<Message>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waiting)
        {
            if (!_waiting.TryGetValue(queue, out var waiters))
            {
                _waiting.Add(queue, waiters = new());
            }

            waiters.Enqueue(waiter);
        }

        return waiter;
    }

    /// <summary>Hands a message to the one who has waited longest; false if nobody waits any more.</summary>
    public bool TryHand(RedisKey queue, Message message)
    {
        lock (_waiting)
        {
            if (_waiting.TryGetValue(queue, out var waiters))
            {
                while (waiters.TryDequeue(out var waiter))
                {
                    if (waiter.TrySetResult(message))
                    {
                        return true;
                    }
                }
            }

            return false;
        }
    }

    /// <summary>Forgets who has given up or has been served.</summary>
    private void Forget()
    {
        foreach (var (queue, waiters) in _waiting)
        {
            while (waiters.TryPeek(out var first) && first.Task.IsCompleted)
            {
                waiters.Dequeue();
            }

            if (waiters.Count == 0)
            {
                _waiting.Remove(queue);
            }
        }
    }
}
