using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using ChannelsNet.Running;
using ChannelsNet.WebSockets.Sending;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.WebSockets;

/// <summary>
/// One WebSocket on the server. The framework's WebSocket makes the handshake and reads; what is sent goes through an <see cref="Outbox"/>.
/// </summary>
internal sealed class WebSocketConnection(HttpContext context, WebSocketRoute route) : TimingWheel.Deadline, IConnection, IDisposable
{
    private static readonly WebSocketConnect _connect = new();

    // Changed under the lock of this object.
    private State _state;
    private WebSocketClose? _closeOnceAccepted;
    private TaskCompletionSource? _decided;
    private int _closedWith;

    private WebSocketReader? _reader;
    private WebSocketPings? _pings;
    private Outbox? _outbox;
    private bool _hasAsked;
    private bool _hasEnded;
    private volatile bool _isReading;

    private enum State
    {
        /// <summary>The client's request has not been answered.</summary>
        Undecided,
        Accepting,
        Open,

        /// <summary>Nothing more is sent; what waits goes out, and the client may answer, until the deadline.</summary>
        Closing,
        Refused,
    }

    private TimingWheel Wheel => route.Services.Wheel;

    private WebSocketConnectionOptions Options => route.Options;

    public ValueTask<ClientEvent> ReceiveAsync()
    {
        if (!_hasAsked)
        {
            _hasAsked = true;
            return new(_connect);
        }

        return _reader is { } reader ? ReceiveAsync(reader) : ReceiveOnceDecidedAsync();
    }

    public ValueTask SendAsync(ServerEvent serverEvent)
    {
        switch (serverEvent)
        {
            case WebSocketSend send:
                Send(send);
                return ValueTask.CompletedTask;
            case WebSocketAccept accept:
                return new(AcceptAsync(accept));
            case WebSocketClose close:
                Close(close);
                return ValueTask.CompletedTask;
            case WebSocketFlush:
                return new(_outbox?.FlushAsync() ?? Task.CompletedTask);
            default:
                throw new InvalidOperationException($"A WebSocket can't do a {serverEvent?.GetType().Name ?? "null"}.");
        }
    }

    /// <summary>The application is done: closes what is still open, and waits a while for what is on its way and for the client's answer.</summary>
    public async Task FinishAsync()
    {
        Close(new WebSocketClose());
        if (_outbox is not null && _reader is not null)
        {
            await _outbox.FlushAsync().ConfigureAwait(false);
            if (!_hasEnded)
            {
                try
                {
                    await _reader.DiscardAsync().ConfigureAwait(false);
                }
                catch (Exception fault) when (IsEndOfConnection(fault))
                {
                    // The client has gone without an answer.
                }
            }
        }
    }

    /// <summary>The server stops: closes with 1012, so that the client connects to another one or again.</summary>
    public void Restart() => Close(new WebSocketClose(WebSocketCodes.Restart, "The server restarts."));

    public void Dispose() => Wheel.Cancel(this);

    protected internal override void OnDue()
    {
        lock (this)
        {
            switch (_state)
            {
                case State.Undecided:
                    WebSocketLog.NotAccepted(route.Logger, context.Request.Path, Options.AcceptTimeout.TotalSeconds);
                    Close(new WebSocketClose());
                    return;
                case State.Open when _pings!.Check(_isReading) is { } next:
                    Wheel.Set(this, next);
                    return;
                case State.Accepting or State.Refused:
                    return;
            }
        }

        context.Abort();
    }

    private void Send(WebSocketSend send)
    {
        if (_outbox is { } outbox)
        {
            if (!outbox.Add(send))
            {
                Close(new WebSocketClose(WebSocketCodes.TryAgainLater, "The client reads too slowly."));
            }
        }
        else if (_state != State.Refused)
        {
            throw new InvalidOperationException("The WebSocket is not accepted yet, so nothing can be sent. Call AcceptAsync first.");
        }
    }

    private async Task AcceptAsync(WebSocketAccept accept)
    {
        lock (this)
        {
            if (_state is State.Refused)
            {
                return;
            }

            if (_state is not State.Undecided)
            {
                throw new InvalidOperationException("The WebSocket has been accepted already.");
            }

            _state = State.Accepting;
        }

        foreach (var (name, value) in accept.Headers ?? new HeaderDictionary())
        {
            context.Response.Headers[name] = value;
        }

        WebSocket socket;
        try
        {
            socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
            {
                SubProtocol = accept.Subprotocol,
                KeepAliveInterval = Timeout.InfiniteTimeSpan,
                DangerousEnableCompression = Options.Compression,
                DisableServerContextTakeover = true,
            }).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsEndOfConnection(fault))
        {
            Decide(State.Refused);
            return;
        }

        var upgrade = context.Features.Get<WebSocketUpgrade>();
        _outbox = new Outbox(
            upgrade?.Output() ?? new WebSocketOutput(socket), route, context, WebSocketDeflate.NegotiatedWindow(context.Response.Headers.SecWebSocketExtensions));
        _reader = new WebSocketReader(socket, Options.MaxMessageSize);
        if (upgrade?.Stream is { } stream)
        {
            stream.Outbox = _outbox;
            _pings = Options.PingInterval > TimeSpan.Zero ? new WebSocketPings(stream, _outbox, Options) : null;
        }

        Decide(State.Open);
    }

    /// <summary>The request has been answered.</summary>
    private void Decide(State state)
    {
        lock (this)
        {
            _state = state;
            _decided?.TrySetResult();
        }

        if (state == State.Open)
        {
            if (_closeOnceAccepted is { } close)
            {
                Close(close);
            }
            else if (_pings is not null)
            {
                Wheel.Set(this, Options.PingInterval);
            }
            else
            {
                // The time to accept no longer counts.
                Wheel.Cancel(this);
            }
        }
    }

    private void Close(WebSocketClose close)
    {
        WebSocketCodes.Require(close.Code);
        lock (this)
        {
            switch (_state)
            {
                case State.Undecided:
                    context.Response.StatusCode = WebSocketCodes.RefusalStatus(close.Code);
                    Decide(State.Refused);
                    break;
                case State.Accepting:
                    _closeOnceAccepted ??= close;
                    break;
                case State.Open:
                    _closedWith = close.Code;
                    _outbox!.AddClose(WebSocketFrames.Close(close.Code, close.Reason));
                    BeginClosing();
                    break;
            }
        }
    }

    private void BeginClosing()
    {
        _state = State.Closing;
        Wheel.Set(this, Options.CloseTimeout);
    }

    private async ValueTask<ClientEvent> ReceiveOnceDecidedAsync()
    {
        var decided = Task.CompletedTask;
        lock (this)
        {
            if (_state is State.Undecided or State.Accepting)
            {
                decided = (_decided ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                Wheel.Set(this, Options.AcceptTimeout);
            }
        }

        await using (context.RequestAborted.UnsafeRegister(static self => ((WebSocketConnection)self!).Close(new WebSocketClose()), this))
        {
            await decided.ConfigureAwait(false);
        }

        return _reader is { } reader ? await ReceiveAsync(reader).ConfigureAwait(false) : new WebSocketDisconnect(WebSocketCodes.Broken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ClientEvent> ReceiveAsync(WebSocketReader reader)
    {
        try
        {
            _isReading = true;
            var first = await reader.WaitAsync().ConfigureAwait(false);
            var received = await reader.ReadAsync(first).ConfigureAwait(false);
            _isReading = false;
            switch (received)
            {
                case null:
                    WebSocketLog.TooLarge(route.Logger, context.Request.Path, Options.MaxMessageSize);
                    Close(new WebSocketClose(WebSocketCodes.TooLarge, $"A message may have {Options.MaxMessageSize} bytes."));
                    return new WebSocketDisconnect(WebSocketCodes.TooLarge);
                case WebSocketDisconnect disconnect:
                    _hasEnded = true;
                    if (_closedWith > 0)
                    {
                        return new WebSocketDisconnect(_closedWith);
                    }

                    Close(new WebSocketClose(WebSocketCodes.IsSendable(disconnect.Code) ? disconnect.Code : 1000));
                    return disconnect;
                default:
                    return received;
            }
        }
        catch (Exception fault) when (IsEndOfConnection(fault))
        {
            // If it was the framework that ended it because of a fault of the client's, its close frame is in the outbox.
            _hasEnded = true;
            lock (this)
            {
                BeginClosing();
            }

            return new WebSocketDisconnect(_closedWith > 0 ? _closedWith : WebSocketCodes.Broken);
        }
    }

    private static bool IsEndOfConnection(Exception fault) =>
        fault is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException;
}
