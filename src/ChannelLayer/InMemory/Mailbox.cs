using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace ChannelsNet.InMemory;

/// <summary>The unread messages of one channel: at most its capacity, none older than the expiry.</summary>
/// <remarks>
/// Life of a mailbox without an owner (a general channel): whoever uses it enters and leaves, and the last one to leave an empty
/// mailbox retires it. An <see cref="OwnChannel"/> has been entered by itself for as long as it lives.
/// </remarks>
internal class Mailbox(string name, int capacity, TimeSpan expiry, TimeProvider time, Drops drops, IChannelListener? listener)
{
    private const int Retired = int.MinValue / 2;

    // Also the lock of everybody who takes something out, so that looking at the oldest and taking it is one step.
    private readonly Channel<Envelope> _queue = Channel.CreateBounded<Envelope>(new BoundedChannelOptions(capacity)
    {
        FullMode = BoundedChannelFullMode.Wait,
    });

    private int _users;

    public string Name { get; } = name;

    public int Capacity { get; } = capacity;

    /// <summary>Puts a message in, if there is space.</summary>
    public bool TryPut(Message message)
    {
        var envelope = new Envelope(message, time.GetTimestamp());
        if (!_queue.Writer.TryWrite(envelope) && !(DropExpired() && _queue.Writer.TryWrite(envelope)))
        {
            return false;
        }

        listener?.OnArrived();
        return true;
    }

    public bool TryTake([NotNullWhen(true)] out Message? message)
    {
        lock (_queue)
        {
            while (_queue.Reader.TryRead(out var envelope))
            {
                if (!IsExpired(envelope))
                {
                    message = envelope.Message;
                    return true;
                }

                drops.Add(DropReason.Expired, Name);
            }
        }

        message = null;
        return false;
    }

    public async ValueTask<Message> TakeAsync(CancellationToken cancellationToken)
    {
        Message? message;
        while (!TryTake(out message))
        {
            if (!await _queue.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                throw new ObjectDisposedException(Name, $"Channel \"{Name}\" has ended.");
            }
        }

        return message;
    }

    /// <summary>Drops what has expired, which is always the oldest; true if anything was dropped.</summary>
    public bool DropExpired()
    {
        var dropped = 0;
        lock (_queue)
        {
            while (_queue.Reader.TryPeek(out var oldest) && IsExpired(oldest) && _queue.Reader.TryRead(out _))
            {
                dropped++;
            }
        }

        drops.Add(DropReason.Expired, Name, dropped);
        return dropped > 0;
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        lock (_queue)
        {
            while (_queue.Reader.TryRead(out _))
            {
            }
        }
    }

    /// <summary>No more messages; whoever waits for one is told.</summary>
    public void End()
    {
        _queue.Writer.TryComplete();
        Clear();
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
        if (Interlocked.Decrement(ref _users) != 0 || _queue.Reader.Count > 0
            || Interlocked.CompareExchange(ref _users, Retired, 0) != 0)
        {
            return false;
        }

        // Between the count and the exchange somebody may have come, put a message in and left. Now nobody can.
        if (_queue.Reader.Count == 0)
        {
            return true;
        }

        Interlocked.Add(ref _users, -Retired);
        return false;
    }

    private bool IsExpired(Envelope envelope) => time.GetElapsedTime(envelope.Arrived) >= expiry;

    private readonly record struct Envelope(Message Message, long Arrived);
}
