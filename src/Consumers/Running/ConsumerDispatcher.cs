using System.Collections.Concurrent;
using ChannelsNet.Background;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Running;

/// <summary>
/// Gives threads to connections. A thread first writes what is in the send queues, then executes consumers that have something to do, then writes what they
/// have sent. So a burst costs about one wake-up and one write per connection, however many messages it has.
/// </summary>
/// <remarks>
/// <para>Any number of threads of the pool may execute at once; they share the two queues. Before a thread executes a consumer, whose handler may block it, it
/// asks the pool for one more thread if others wait.</para>
/// <para>Writing never blocks, so no frame has to wait for a handler: what a thread leaves in the send queues because a handler blocks it, or because the pool has
/// no thread, a <see cref="SendQueueMonitor"/> writes. Writing before each handler instead cost 5 to 8 % of a burst.</para>
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
    private int _writes;

    public ConsumerDispatcher(ILogger logger)
    {
        _logger = logger;
        _monitor = new SendQueueMonitor(this);
    }

    /// <summary>Whether nothing waits to be written.</summary>
    public bool HasWritten => _sendQueues.IsEmpty;

    /// <summary>Changes whenever a send queue is written.</summary>
    public int Writes => Volatile.Read(ref _writes);

    private bool IsIdle => _consumers.IsEmpty && _sendQueues.IsEmpty;

    /// <summary>A consumer has something to do. The caller may be a handler that blocks its thread next, so another thread is requested at once.</summary>
    public void AddConsumer(IWorkItem consumer)
    {
        _consumers.Enqueue(consumer);
        Request();
    }

    /// <summary>A send queue has something to write. A thread that executes consumers writes it at the end of its slice.</summary>
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

    /// <summary>Writes what is in the send queues now.</summary>
    public void Write()
    {
        for (var count = 0; count < MaxConsumersPerSlice && _sendQueues.TryDequeue(out var queue); count++)
        {
            _writes++;
            Execute(queue);
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
        Write();
        for (var count = Math.Min(_consumers.Count, MaxConsumersPerSlice); count > 0 && _consumers.TryDequeue(out var consumer); count--)
        {
            if (!IsIdle)
            {
                Request();
            }

            Execute(consumer);
        }

        Write();
        _here = null;
        if (!IsIdle)
        {
            Request();
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
