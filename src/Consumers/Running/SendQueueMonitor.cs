using System.Collections.Concurrent;

namespace ChannelsNet.Running;

/// <summary>
/// Writes what the threads of the pool leave in the send queues: a handler that blocks its thread after it has sent something, or a pool in which no thread
/// is free. Writing never blocks, so one thread is enough for all connections.
/// </summary>
/// <remarks>
/// It is a thread of its own, because a work item or a timer would wait for the pool too. It sleeps while nothing is queued, and writes only when the same
/// send queue has been the first for <see cref="_interval"/>, so that it does not take from a burst what one write could gather.
/// </remarks>
internal sealed class SendQueueMonitor(ConcurrentQueue<IWorkItem> queues, Action<IWorkItem> execute) : IDisposable
{
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(10);

    private readonly ManualResetEventSlim _end = new();
    private readonly SemaphoreSlim _wake = new(0);
    private int _isWatching;
    private int _hasThread;

    /// <summary>Something has been queued.</summary>
    public void Watch()
    {
        if (Volatile.Read(ref _isWatching) == 0 && Interlocked.Exchange(ref _isWatching, 1) == 0)
        {
            if (Interlocked.Exchange(ref _hasThread, 1) == 0)
            {
                new Thread(Run) { IsBackground = true, Name = "ChannelsNet send queues" }.UnsafeStart();
            }

            _wake.Release();
        }
    }

    public void Dispose()
    {
        _end.Set();
        _wake.Release();
    }

    private void Run()
    {
        while (true)
        {
            _wake.Wait();
            for (IWorkItem? first = null; ;)
            {
                if (_end.Wait(_interval))
                {
                    return;
                }

                if (!queues.TryPeek(out var next))
                {
                    break;
                }

                if (next == first)
                {
                    for (var count = queues.Count; count > 0 && queues.TryDequeue(out var queue); count--)
                    {
                        execute(queue);
                    }

                    next = null;
                }

                first = next;
            }

            // A queue that was added before this is seen by the next look, one that is added after it wakes this thread.
            Interlocked.Exchange(ref _isWatching, 0);
            if (!queues.IsEmpty)
            {
                Watch();
            }
        }
    }
}
