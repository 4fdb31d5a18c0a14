using System.Threading.Tasks.Sources;

namespace ChannelsNet.Runs;

/// <summary>
/// What a client does, on its way to an application. It also knows what the application is doing: from the beginning on it works; it has nothing to do
/// from when it awaits its client until the client does something.
/// </summary>
internal sealed class Input : IValueTaskSource<ClientEvent>
{
    private readonly Lock _lock = new();
    private readonly Queue<ClientEvent> _events = [];
    private readonly Stillness _stillness;
    private ManualResetValueTaskSourceCore<ClientEvent> _next = new() { RunContinuationsAsynchronously = true };
    private State _state;
    private bool _hasEnd;

    /// <summary>The application begins.</summary>
    public Input(Stillness stillness)
    {
        _stillness = stillness;
        stillness.Begin();
    }

    private enum State
    {
        Working,

        /// <summary>It has asked for the next event, and does something else before it awaits it.</summary>
        Asked,

        Waiting,
        Ended,
    }

    /// <summary>Whether the application waits for its client. A consumer may be handling a message of the layer meanwhile.</summary>
    public bool IsAwaited
    {
        get
        {
            lock (_lock)
            {
                return _state == State.Waiting;
            }
        }
    }

    /// <summary>What the application has taken last; null for nothing.</summary>
    public ClientEvent? Taken { get; private set; }

    public ValueTask<ClientEvent> TakeAsync()
    {
        lock (_lock)
        {
            if (_state is State.Asked or State.Waiting)
            {
                throw new InvalidOperationException("ReceiveAsync was called before an earlier call had ended. Await one after the other.");
            }

            if (_events.TryDequeue(out var next))
            {
                Taken = next;
                return ValueTask.FromResult(next);
            }

            if (Taken is WebSocketDisconnect or HttpDisconnect)
            {
                throw new InvalidOperationException($"ReceiveAsync was called after a {Taken.GetType().Name}, which was the last event.");
            }

            _next.Reset();
            _state = State.Asked;
            return new ValueTask<ClientEvent>(this, _next.Version);
        }
    }

    /// <summary>The client does something. After its last event, or when the application has ended, nobody sees it.</summary>
    public void Add(ClientEvent clientEvent)
    {
        lock (_lock)
        {
            if (_hasEnd)
            {
                return;
            }

            _hasEnd = clientEvent is WebSocketDisconnect or HttpDisconnect;
            if (_state is not (State.Asked or State.Waiting))
            {
                _events.Enqueue(clientEvent);
                return;
            }

            if (_state == State.Waiting)
            {
                _stillness.Begin();
            }

            _state = State.Working;
            Taken = clientEvent;
        }

        _next.SetResult(clientEvent);
    }

    /// <summary>The application has ended.</summary>
    public void End()
    {
        bool hasWorked;
        lock (_lock)
        {
            hasWorked = _state is not State.Waiting;
            _state = State.Ended;
        }

        if (hasWorked)
        {
            _stillness.End();
        }
    }

    ClientEvent IValueTaskSource<ClientEvent>.GetResult(short token) => _next.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ClientEvent>.GetStatus(short token) => _next.GetStatus(token);

    void IValueTaskSource<ClientEvent>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        bool hasWorked;
        lock (_lock)
        {
            hasWorked = _state == State.Asked;
            if (hasWorked)
            {
                _state = State.Waiting;
            }
        }

        _next.OnCompleted(continuation, state, token, flags);
        if (hasWorked)
        {
            _stillness.End();
        }
    }
}
