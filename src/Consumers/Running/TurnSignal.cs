using System.Threading.Tasks.Sources;

namespace ChannelsNet.Running;

/// <summary>
/// Wakes a consumer that has nothing to do. Whoever has something for it sets the signal, which costs one exchange, and a work item
/// only if the consumer was asleep. One waiter at a time; setting it while nobody waits lets the next wait through.
/// </summary>
internal sealed class TurnSignal : IChannelListener, IValueTaskSource
{
    private const int Unset = 0;
    private const int IsSet = 1;
    private const int Waited = 2;

    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private int _state;

    public void Set()
    {
        if (Interlocked.Exchange(ref _state, IsSet) == Waited)
        {
            _core.SetResult(true);
        }
    }

    public ValueTask WaitAsync()
    {
        if (Interlocked.CompareExchange(ref _state, Waited, Unset) == Unset)
        {
            return new ValueTask(this, _core.Version);
        }

        Volatile.Write(ref _state, Unset);
        return ValueTask.CompletedTask;
    }

    void IChannelListener.OnArrived() => Set();

    void IValueTaskSource.GetResult(short token)
    {
        _core.GetResult(token);
        _core.Reset();

        // From here on a new signal counts; what came with an earlier one is seen by the look that follows a wait.
        Interlocked.Exchange(ref _state, Unset);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
