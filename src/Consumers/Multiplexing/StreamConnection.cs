using System.Threading.Channels;
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

    /// <summary>Adds what the client has sent, and waits while there is no place for it. Does nothing if the stream has ended.</summary>
    public async ValueTask AddAsync(WebSocketReceive received)
    {
        while (await _received.Writer.WaitToWriteAsync().ConfigureAwait(false))
        {
            if (_received.Writer.TryWrite(received))
            {
                return;
            }
        }
    }

    public ValueTask<ClientEvent> ReceiveAsync()
    {
        if (!_hasAsked)
        {
            _hasAsked = true;
            return new(_connect);
        }

        return ReceiveOnceDecidedAsync();
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
            if (_state != State.Closed)
            {
                BecomeEnded(_state == State.Open ? State.Ending : State.Closed, end);
            }
        }
    }

    protected internal override void OnDue()
    {
        lock (this)
        {
            if (_state != State.Undecided)
            {
                return;
            }

            MultiplexingLog.NotAccepted(logger, Name, acceptTimeout.TotalSeconds);
            _ = Close(1011, "The server has not accepted the stream.").AsTask();
        }
    }

    private async ValueTask<ClientEvent> ReceiveOnceDecidedAsync()
    {
        var decided = Task.CompletedTask;
        lock (this)
        {
            if (_state == State.Undecided)
            {
                decided = (_decided = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                wheel.Set(this, acceptTimeout);
            }
        }

        await decided.ConfigureAwait(false);
        while (_state != State.Closed && await _received.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            if (_state != State.Closed && _received.Reader.TryRead(out var received))
            {
                return received;
            }
        }

        return _end!;
    }

    private ValueTask Send(WebSocketSend send)
    {
        // Under the lock, so that nothing follows the close.
        lock (this)
        {
            return _state switch
            {
                State.Open => socket.SendAsync(envelope.Wrap(send)),
                State.Undecided => throw new InvalidOperationException(
                    $"The stream \"{Name}\" is not accepted yet, so nothing can be sent. Call AcceptAsync first."),
                _ => ValueTask.CompletedTask,
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
                    return socket.SendAsync(envelope.Open);
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
                    return socket.SendAsync(Envelope.Close(Name, code, reason));
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
        if (_decided is not null)
        {
            wheel.Cancel(this);
            _decided.TrySetResult();
        }
    }
}
