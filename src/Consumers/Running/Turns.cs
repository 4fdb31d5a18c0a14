using System.Collections.Concurrent;

namespace ChannelsNet.Running;

/// <summary>
/// Gives threads to connections. In a turn a thread first lets the consumers that have something to do handle it, then writes what they have sent,
/// each connection's in one write. So a burst costs about one wake-up and one write per connection, however many messages it has.
/// </summary>
/// <remarks>
/// Any number of threads of the pool may be in a turn at once, and take from the same two queues. Before a thread calls a handler, which may block it,
/// it asks for another one if more is waiting: what is queued here waits for the pool, not for a handler. Only what a blocked consumer has sent itself
/// waits until it goes on, unless another thread comes by.
/// </remarks>
internal sealed class Turns : IThreadPoolWorkItem
{
    /// <summary>After so many a thread goes back to the pool, so that others' work, such as reading from sockets, is not kept waiting.</summary>
    private const int MostInOneTurn = 256;

    [ThreadStatic]
    private static Turns? _here;

    private readonly ConcurrentQueue<ITurn> _consumers = new();
    private readonly ConcurrentQueue<ITurn> _outboxes = new();
    private int _requested;

    private bool IsIdle => _consumers.IsEmpty && _outboxes.IsEmpty;

    /// <summary>A consumer has something to do. A handler may have caused it that blocks its thread next, so another thread is asked for at once.</summary>
    public void AddConsumer(ITurn consumer)
    {
        _consumers.Enqueue(consumer);
        Request();
    }

    /// <summary>An outbox has something to write. A thread that is in a turn writes it at the end of it.</summary>
    public void AddOutbox(ITurn outbox)
    {
        _outboxes.Enqueue(outbox);
        if (_here != this)
        {
            Request();
        }
    }

    /// <summary>A consumer has something to do, and this thread of the pool has nothing else: it takes the turn at once.</summary>
    public void RunHere(ITurn consumer)
    {
        if (_here is not null)
        {
            AddConsumer(consumer);
            return;
        }

        _here = this;
        consumer.Take();
        Take();
    }

    void IThreadPoolWorkItem.Execute()
    {
        Interlocked.Exchange(ref _requested, 0);
        _here = this;
        Take();
    }

    /// <summary>One turn. Whatever is added meanwhile by this thread is for the next one.</summary>
    private void Take()
    {
        Take(_consumers);
        Take(_outboxes);
        _here = null;
        if (!IsIdle)
        {
            Request();
        }
    }

    private void Take(ConcurrentQueue<ITurn> queue)
    {
        for (var count = Math.Min(queue.Count, MostInOneTurn); count > 0 && queue.TryDequeue(out var next); count--)
        {
            if (!IsIdle)
            {
                Request();
            }

            next.Take();
        }
    }

    private void Request()
    {
        if (Volatile.Read(ref _requested) == 0 && Interlocked.Exchange(ref _requested, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }
}
