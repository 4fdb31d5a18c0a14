using System.Collections.Concurrent;
using ChannelsNet.Background;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Running;

/// <summary>
/// Gives threads to connections. A thread executes consumers that have something to do, one after the other, and before each of them writes
/// what is in the send queues. So a burst costs about one wake-up and one write per connection, however many messages it has.
/// </summary>
/// <remarks>
/// <para>Any number of threads of the pool may execute at once; they share the two queues. Writing never blocks, a handler may. So no frame waits behind a
/// handler: a thread writes before it executes a consumer, and asks the pool for one more thread if others wait.</para>
/// <para>A handler that blocks its thread, or a pool without a free thread, leaves frames in the send queues. A <see cref="SendQueueMonitor"/> writes those.</para>
/// </remarks>
internal sealed class ConsumerDispatcher : IThreadPoolWorkItem, IDisposable
{
    /// <summary>After this many consumers a thread returns to the pool, so that other work, such as reading from sockets, gets it.</summary>
    private const int MaxConsumersPerSlice = 256;

    [ThreadStatic]
    private static ConsumerDispatcher? _here;

    private readonly ConcurrentQueue<IWorkItem> _consumers = new();
    private readonly ConcurrentQueue<IWorkItem> _sendQueues = new();
    private readonly ILogger _logger;
    private readonly SendQueueMonitor _monitor;
    private ExecutionContext? _cleanContext;
    private int _requested;

    public ConsumerDispatcher(ILogger logger)
    {
        _logger = logger;
        _monitor = new SendQueueMonitor(_sendQueues, Execute);
    }

    private bool IsIdle => _consumers.IsEmpty && _sendQueues.IsEmpty;

    /// <summary>A consumer has something to do. The caller may be a handler that blocks its thread next, so another thread is requested at once.</summary>
    public void AddConsumer(IWorkItem consumer)
    {
        _consumers.Enqueue(consumer);
        Request();
    }

    /// <summary>A send queue has something to write. A thread that executes consumers writes it before the next one.</summary>
    public void AddSendQueue(IWorkItem queue)
    {
        _sendQueues.Enqueue(queue);
        if (_here != this)
        {
            Request();
        }

        _monitor.Watch();
    }

    /// <summary>A consumer has something to do, and this thread of the pool has nothing else: it executes the consumer at once.</summary>
    public void RunHere(IWorkItem consumer)
    {
        if (_here is not null || Volatile.Read(ref _cleanContext) is not { } clean)
        {
            AddConsumer(consumer);
            return;
        }

        _here = this;
        Execute(consumer);

        // The others' work must not see the execution context of this connection.
        var own = ExecutionContext.Capture();
        ExecutionContext.Restore(clean);
        ExecuteSlice();
        if (own is not null)
        {
            ExecutionContext.Restore(own);
        }
    }

    public void Dispose() => _monitor.Dispose();

    void IThreadPoolWorkItem.Execute()
    {
        // The pool executes work items without a context of anybody's.
        _cleanContext ??= ExecutionContext.Capture();
        Interlocked.Exchange(ref _requested, 0);
        _here = this;
        ExecuteSlice();
    }

    /// <summary>Executes what is queued now. What this thread adds meanwhile waits for the next slice.</summary>
    private void ExecuteSlice()
    {
        for (var count = Math.Min(_consumers.Count, MaxConsumersPerSlice); ; count--)
        {
            Write();
            if (count == 0 || !_consumers.TryDequeue(out var consumer))
            {
                break;
            }

            if (!IsIdle)
            {
                Request();
            }

            Execute(consumer);
        }

        _here = null;
        if (!IsIdle)
        {
            Request();
        }
    }

    private void Write()
    {
        for (var count = 0; count < MaxConsumersPerSlice && _sendQueues.TryDequeue(out var queue); count++)
        {
            Execute(queue);
        }
    }

    private void Execute(IWorkItem item)
    {
        try
        {
            item.Execute();
        }
        catch (Exception exception)
        {
            BackgroundLog.Failed(_logger, item.GetType().Name, exception);
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
