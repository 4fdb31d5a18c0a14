using System.Threading.Channels;
using ChannelsNet.Background;
using ChannelsNet.Running;
using ChannelsNet.WebSockets;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Multiplexing;

/// <summary>One stream, as its application sees it: a connection that begins with a connect and ends with a disconnect.</summary>
internal sealed class StreamConnection(Envelope envelope, IConnection socket, TimingWheel wheel, TimeSpan acceptTimeout, ILogger logger)
    : TimingWheel.Deadline, IConnection
{
    /// <summary>So many messages wait for the application; when there are more, the client is not read from.</summary>
    private const int MostWaiting = 16;

    private static readonly WebSocketConnect _connect = new();

    // Who writes to it goes on at once: what the application does then is done on another thread.
    private readonly Channel<WebSocketReceive> _received = Channel.CreateBounded<WebSocketReceive>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true, SingleWriter = true });

    // Changed under the lock of this object.
    private State _state;
    private WebSocketDisconnect? _end;
    private TaskCompletionSource? _decided;
    private bool _hasSocketEnded;

    private bool _hasAsked;

    private enum State
    {
        /// <summary>The application has not answered the connect.</summary>
        Undecided,
        Open,

        /// <summary>The socket has ended; what the client has sent before is still to be handled.</summary>
        Ending,

        /// <summary>The application has closed or refused it, or has not accepted it before the socket ended: what the client has sent is dropped.</summary>
        Closed,
    }

    public string Name => envelope.Stream;

    /// <summary>Adds what the client has sent, and waits while there is no space for it. Does nothing if the stream has ended.</summary>
    /// <exception cref="OperationCanceledException">The client is gone.</exception>
    public async ValueTask AddAsync(WebSocketReceive received, CancellationToken aborted)
    {
        while (await _received.Writer.WaitToWriteAsync(aborted).ConfigureAwait(false))
        {
            if (_received.Writer.TryWrite(received))
            {
                return;
            }
        }
    }

    /// <summary>The application is about to run: it has some time to accept the stream.</summary>
    public void Begin() => wheel.Set(this, acceptTimeout);

    public ValueTask<ClientEvent> ReceiveAsync()
    {
        if (!_hasAsked)
        {
            _hasAsked = true;
            return new(_connect);
        }

        return NextAsync();
    }

    public ValueTask SendAsync(ServerEvent serverEvent)
    {
        switch (serverEvent)
        {
            case WebSocketSend send:
                return Send(send);
            case WebSocketAccept accept:
                return Accept(accept);
            case WebSocketClose close:
                WebSocketCodes.Require(close.Code);
                return Close(close.Code, close.Reason);
            case Refusal refusal:
                return Close(refusal.CloseCode, refusal.Body);
            case WebSocketFlush:
                return socket.SendAsync(serverEvent);
            default:
                throw new InvalidOperationException($"A stream of a WebSocket can't do a {serverEvent?.GetType().Name ?? "null"}.");
        }
    }

    /// <summary>The socket has ended.</summary>
    public void End(WebSocketDisconnect end)
    {
        lock (this)
        {
            _hasSocketEnded = true;
            if (_state != State.Closed)
            {
                BecomeEnded(_state == State.Open ? State.Ending : State.Closed, end);
            }
        }
    }

    protected internal override void OnDue()
    {
        if (_state == State.Undecided)
        {
            MultiplexingLog.NotAccepted(SafeLogger.Of(logger), Name, acceptTimeout.TotalSeconds);
            _ = Close(CloseCodes.TryAgainLater, "The server has not accepted the stream.").AsTask();
        }
    }

    private async ValueTask<ClientEvent> NextAsync()
    {
        Task decided;
        lock (this)
        {
            decided = _state == State.Undecided
                ? (_decided ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task
                : Task.CompletedTask;
        }

        await decided.ConfigureAwait(false);
        while (await _received.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            lock (this)
            {
                if (_state == State.Closed)
                {
                    break;
                }

                if (_received.Reader.TryRead(out var received))
                {
                    return received;
                }
            }
        }

        lock (this)
        {
            return _end!;
        }
    }

    private ValueTask Send(WebSocketSend send)
    {
        // Under the lock, so that nothing follows the close.
        lock (this)
        {
            return _state switch
            {
                State.Undecided => throw new InvalidOperationException(
                    $"The stream \"{Name}\" is not accepted yet, so nothing can be sent. Call AcceptAsync first."),
                State.Closed when !_hasSocketEnded => ValueTask.CompletedTask,

                // When the socket has ended it drops what is sent, or throws.
                _ => socket.SendAsync(envelope.Wrap(send)),
            };
        }
    }

    private ValueTask Accept(WebSocketAccept accept)
    {
        if (accept is not { Subprotocol: null, Headers: null })
        {
            throw new InvalidOperationException(
                $"The stream \"{Name}\" was to be accepted with a subprotocol or headers, which only the WebSocket has. "
                + $"Set {nameof(Multiplexer)}.{nameof(Multiplexer.Subprotocol)}, and call AcceptAsync() for the stream.");
        }

        lock (this)
        {
            switch (_state)
            {
                case State.Undecided:
                    _state = State.Open;
                    Decided();
                    return Tell(envelope.Open);
                case State.Open:
                    throw new InvalidOperationException($"The stream \"{Name}\" has been accepted already.");
                default:
                    return ValueTask.CompletedTask;
            }
        }
    }

    private ValueTask Close(int code, string reason)
    {
        lock (this)
        {
            switch (_state)
            {
                case State.Undecided or State.Open:
                    // A refused connection has no code, as one without a multiplexer.
                    BecomeEnded(State.Closed, new WebSocketDisconnect(_state == State.Open ? code : CloseCodes.Broken));
                    return Tell(Envelope.Close(Name, code, reason));
                default:
                    return ValueTask.CompletedTask;
            }
        }
    }

    /// <summary>Called under the lock.</summary>
    private void BecomeEnded(State state, WebSocketDisconnect end)
    {
        (_state, _end) = (state, end);
        _received.Writer.TryComplete();
        Decided();
    }

    private void Decided()
    {
        wheel.Cancel(this);
        _decided?.TrySetResult();
    }

    /// <summary>Sends what the stream itself has to say. That the client is gone by then is nothing to the application.</summary>
    private async ValueTask Tell(WebSocketSend send)
    {
        try
        {
            await socket.SendAsync(send).ConfigureAwait(false);
        }
        catch (ClientGoneException)
        {
        }
    }
}
