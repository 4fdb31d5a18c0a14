using System.Threading.Tasks.Sources;

namespace ChannelsNet.Running;

/// <summary>
/// Wakes a consumer that has nothing to do. Whoever has something for it sets the signal, which costs one exchange, and a place among the
/// <see cref="Turns"/> only if the consumer was asleep. One waiter at a time; setting it while nobody waits lets the next wait through.
/// </summary>
/// <param name="turns">Where the consumer gets its turn.</param>
/// <param name="observer">Is told when it falls asleep and wakes; null for none.</param>
internal sealed class TurnSignal(Turns turns, IRunObserver? observer = null) : IChannelListener, IValueTaskSource, ITurn
{
    private const int Unset = 0;
    private const int IsSet = 1;
    private const int Waited = 2;

    private int _state;
    private Action<object?>? _continuation;
    private object? _continuationState;

    /// <summary>The consumer is to look again, on a thread that takes turns.</summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref _state, IsSet) == Waited)
        {
            observer?.OnAwake();
            turns.AddConsumer(this);
        }
    }

    /// <summary>The consumer is to look again, on this thread if it is not in a turn already.</summary>
    public void SetHere()
    {
        if (Interlocked.Exchange(ref _state, IsSet) == Waited)
        {
            observer?.OnAwake();
            turns.RunHere(this);
        }
    }

    /// <summary>Ends when the signal has been set since the last wait.</summary>
    public ValueTask WaitAsync()
    {
        if (Volatile.Read(ref _state) == IsSet)
        {
            Interlocked.Exchange(ref _state, Unset);
            return ValueTask.CompletedTask;
        }

        return new ValueTask(this, 0);
    }

    /// <summary>Lets others have their turn first.</summary>
    public ValueTask YieldAsync()
    {
        Interlocked.Exchange(ref _state, IsSet);
        return new ValueTask(this, 0);
    }

    void IChannelListener.OnArrived() => Set();

    void ITurn.Take()
    {
        var (continuation, state) = (_continuation, _continuationState);
        (_continuation, _continuationState) = (null, null);
        continuation!(state);
    }

    /// <summary>From here on a new signal counts; what came with an earlier one is seen by the look that follows.</summary>
    void IValueTaskSource.GetResult(short token) => Interlocked.Exchange(ref _state, Unset);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => ValueTaskSourceStatus.Pending;

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        (_continuation, _continuationState) = (continuation, state);
        if (Interlocked.CompareExchange(ref _state, Waited, Unset) != Unset)
        {
            turns.AddConsumer(this);
        }
        else
        {
            // It may be awake again by now, and that may have been told before this: an observer counts both.
            observer?.OnAsleep();
        }
    }
}
