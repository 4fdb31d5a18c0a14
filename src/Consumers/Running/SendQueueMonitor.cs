namespace ChannelsNet.Running;

/// <summary>
/// Writes what the threads of the pool leave in the send queues: because a handler blocks its thread after it has sent something, or because no thread of the pool
/// is free. Writing never blocks, so one thread is enough for all connections.
/// </summary>
/// <remarks>
/// It is a thread of its own, because a work item or a timer would wait for the pool too. It sleeps while nothing is queued, and writes only when nobody else has
/// written anything for <see cref="_interval"/>, so that it does not take from a burst what one write could gather.
/// </remarks>
internal sealed class SendQueueMonitor(ConsumerDispatcher dispatcher) : IDisposable
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
            while (!dispatcher.HasWritten)
            {
                var writes = dispatcher.Writes;
                if (_end.Wait(_interval))
                {
                    return;
                }

                if (writes == dispatcher.Writes)
                {
                    while (!dispatcher.HasWritten && !_end.IsSet)
                    {
                        dispatcher.Write();
                    }
                }
            }

            // What was added before this is seen by the next look; what is added after it wakes this thread.
            Interlocked.Exchange(ref _isWatching, 0);
            if (!dispatcher.HasWritten)
            {
                Watch();
            }

            if (_end.IsSet)
            {
                return;
            }
        }
    }
}
