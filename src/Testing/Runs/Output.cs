using System.Runtime.ExceptionServices;

namespace ChannelsNet.Runs;

/// <summary>What an application has sent, in order, with what it has thrown at its place among it.</summary>
internal sealed class Output
{
    private readonly Lock _lock = new();
    private readonly Queue<ServerEvent> _events = [];
    private ExceptionDispatchInfo? _fault;
    private int _eventsBeforeFault;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether nothing more comes.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>What the application has thrown first; null for nothing.</summary>
    public ExceptionDispatchInfo? Fault
    {
        get
        {
            lock (_lock)
            {
                return _fault;
            }
        }
    }

    public void Add(ServerEvent serverEvent)
    {
        lock (_lock)
        {
            _events.Enqueue(serverEvent);
            Change();
        }
    }

    public void Fail(Exception fault)
    {
        lock (_lock)
        {
            if (_fault is null)
            {
                _fault = ExceptionDispatchInfo.Capture(fault);
                _eventsBeforeFault = _events.Count;
                Change();
            }
        }
    }

    public void End()
    {
        lock (_lock)
        {
            IsEnded = true;
            Change();
        }
    }

    /// <summary>What stands first; null for nothing.</summary>
    /// <param name="raise">Whether a fault that stands first is thrown.</param>
    public ServerEvent? Peek(bool raise)
    {
        lock (_lock)
        {
            if (raise && _fault is not null && _eventsBeforeFault == 0)
            {
                _fault.Throw();
            }

            return _events.TryPeek(out var first) ? first : null;
        }
    }

    /// <summary>Takes what stands first; null for nothing.</summary>
    /// <param name="raise">Whether a fault that stands first is thrown.</param>
    public ServerEvent? Take(bool raise)
    {
        lock (_lock)
        {
            if (Peek(raise) is null)
            {
                return null;
            }

            _eventsBeforeFault = Math.Max(0, _eventsBeforeFault - 1);
            return _events.Dequeue();
        }
    }

    /// <summary>Ends at the next change. Ask before looking, so that none is missed.</summary>
    public Task WhenChangedAsync()
    {
        lock (_lock)
        {
            return _changed.Task;
        }
    }

    private void Change()
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }
}
