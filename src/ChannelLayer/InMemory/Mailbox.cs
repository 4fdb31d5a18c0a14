using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Telemetry;

namespace ChannelsNet.InMemory;

/// <summary>The unread messages of one channel: at most its capacity, none older than the expiry.</summary>
/// <remarks>
/// Life of a mailbox without an owner (a general channel): whoever uses it enters and leaves, and the last one to leave an empty
/// mailbox retires it. An <see cref="OwnChannel"/> has been entered by itself for as long as it lives.
/// </remarks>
internal class Mailbox(
    string name, int capacity, TimeSpan expiry, TimeProvider time, Drops drops, IChannelListener? listener = null, ListenerFailures? failures = null)
{
    private const int Retired = int.MinValue / 2;

    private readonly Lock _lock = new();
    private PooledQueue<Envelope> _queue;
    private TaskCompletionSource? _arrival;
    private bool _ended;
    private int _users;

    public string Name { get; } = name;

    public int Capacity { get; } = capacity;

    /// <summary>How many messages wait, those that have expired meanwhile among them.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _queue.Count;
            }
        }
    }

    /// <summary>Puts a message in, if there is space.</summary>
    public bool TryPut(Message message)
    {
        TaskCompletionSource? arrival;
        var expired = 0;
        bool isFull;
        lock (_lock)
        {
            isFull = _queue.Count >= Capacity;
            if (isFull)
            {
                expired = TakeExpired();
                isFull = expired == 0;
            }

            if (!isFull && !_ended)
            {
                _queue.Enqueue(new Envelope(message, time.GetTimestamp()));
            }

            arrival = _arrival;
            _arrival = null;
        }

        drops.Add(DropReason.Expired, Name, expired);
        if (isFull)
        {
            return false;
        }

        arrival?.TrySetResult();
        if (listener is not null)
        {
            Tell(listener);
        }

        return true;
    }

    public bool TryTake([NotNullWhen(true)] out Message? message)
    {
        var expired = 0;
        lock (_lock)
        {
            if (_queue.Count > 0 && IsExpired(_queue[0]))
            {
                expired = TakeExpired();
            }

            message = _queue.Count > 0 ? _queue.Dequeue().Message : null;
        }

        drops.Add(DropReason.Expired, Name, expired);
        return message is not null;
    }

    public async ValueTask<Message> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryTake(out var message))
            {
                return message;
            }

            await ArrivalAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Drops what has expired.</summary>
    public void DropExpired()
    {
        int expired;
        lock (_lock)
        {
            expired = TakeExpired();
        }

        drops.Add(DropReason.Expired, Name, expired);
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _queue.Clear();
        }
    }

    /// <summary>No more messages; whoever waits for one is told.</summary>
    public void End()
    {
        TaskCompletionSource? arrival;
        lock (_lock)
        {
            _ended = true;
            _queue.Clear();
            arrival = _arrival;
        }

        arrival?.TrySetResult();
    }

    /// <summary>Keeps the mailbox from being retired until <see cref="Leave"/>; false if it has been retired already.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _users) > 0)
        {
            return true;
        }

        Interlocked.Decrement(ref _users);
        return false;
    }

    /// <summary>True if this was the last user of an empty mailbox, which is thereby retired: nobody can enter it any more.</summary>
    public bool Leave()
    {
        if (Interlocked.Decrement(ref _users) != 0 || Count > 0
            || Interlocked.CompareExchange(ref _users, Retired, 0) != 0)
        {
            return false;
        }

        // Between the count and the exchange somebody may have come, put a message in and left. Now nobody can.
        if (Count == 0)
        {
            return true;
        }

        Interlocked.Add(ref _users, -Retired);
        return false;
    }

    /// <summary>Calls the listener. Its exception must not reach the sender, nor keep the message from the members behind it.</summary>
    private void Tell(IChannelListener listener)
    {
        try
        {
            listener.OnArrived();
        }
        catch (Exception exception)
        {
            failures?.Add(Name, exception);
        }
    }

    /// <summary>Ends when there may be something to take; all who wait look then, and take what they find.</summary>
    private Task ArrivalAsync()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            return _queue.Count > 0
                ? Task.CompletedTask
                : (_arrival ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Takes out what has expired, which is always the oldest; how many.</summary>
    private int TakeExpired()
    {
        var expired = 0;
        for (; _queue.Count > 0 && IsExpired(_queue[0]); expired++)
        {
            _queue.Dequeue();
        }

        return expired;
    }

    private bool IsExpired(Envelope envelope) => time.GetElapsedTime(envelope.Arrived) >= expiry;

    private readonly record struct Envelope(Message Message, long Arrived);
}
