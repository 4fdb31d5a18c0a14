using System.Threading.Tasks.Sources;

namespace ChannelsNet.Running;

/// <summary>
/// Wakes a consumer that has nothing to do. Setting it costs one exchange, and a place in the queue of the <see cref="ConsumerDispatcher"/> only if the
/// consumer was asleep. One waiter at a time; setting it while nobody waits lets the next wait through.
/// </summary>
/// <param name="dispatcher">Gives the consumer a thread.</param>
/// <param name="observer">Is notified when the consumer falls asleep and wakes; null for none.</param>
internal sealed class WakeSignal(ConsumerDispatcher dispatcher, IRunObserver? observer = null) : IChannelListener, IValueTaskSource, IWorkItem
{
    private const int Unset = 0;
    private const int IsSet = 1;
    private const int Waited = 2;

    private int _state;
    private Action<object?>? _continuation;
    private object? _continuationState;

    /// <summary>Lets the consumer look again, on a thread of the dispatcher.</summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref _state, IsSet) == Waited)
        {
            observer?.OnAwake();
            dispatcher.AddConsumer(this);
        }
    }

    /// <summary>Lets the consumer look again, on this thread if the dispatcher does not use it already.</summary>
    public void SetHere()
    {
        if (Interlocked.Exchange(ref _state, IsSet) == Waited)
        {
            observer?.OnAwake();
            dispatcher.RunHere(this);
        }
    }

    /// <summary>Completes when the signal has been set since the last wait.</summary>
    public ValueTask WaitAsync()
    {
        if (Volatile.Read(ref _state) == IsSet)
        {
            Interlocked.Exchange(ref _state, Unset);
            return ValueTask.CompletedTask;
        }

        return new ValueTask(this, 0);
    }

    /// <summary>Lets other consumers run first.</summary>
    public ValueTask YieldAsync()
    {
        Interlocked.Exchange(ref _state, IsSet);
        return new ValueTask(this, 0);
    }

    void IChannelListener.OnArrived() => Set();

    void IWorkItem.Execute()
    {
        var (continuation, state) = (_continuation, _continuationState);
        (_continuation, _continuationState) = (null, null);
        continuation!(state);
    }

    /// <summary>From here on a new signal counts; what an earlier one announced is seen by the look that follows.</summary>
    void IValueTaskSource.GetResult(short token) => Interlocked.Exchange(ref _state, Unset);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => ValueTaskSourceStatus.Pending;

    /// <remarks>The context of the waiter is restored by the state machine that waits, so the flags need no attention.</remarks>
    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        (_continuation, _continuationState) = (continuation, state);
        if (Interlocked.CompareExchange(ref _state, Waited, Unset) != Unset)
        {
            dispatcher.AddConsumer(this);
        }
        else
        {
            // The consumer may be awake again by now, and OnAwake may have been called before this: an observer counts both.
            observer?.OnAsleep();
        }
    }
}
