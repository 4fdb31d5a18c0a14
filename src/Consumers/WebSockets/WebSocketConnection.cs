using System.Globalization;
using System.Net.WebSockets;
using ChannelsNet.Draining;
using ChannelsNet.Http;
using ChannelsNet.Running;
using ChannelsNet.Security;
using ChannelsNet.WebSockets.Compression;
using ChannelsNet.WebSockets.Receiving;
using ChannelsNet.WebSockets.Sending;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet.WebSockets;

/// <summary>
/// One WebSocket on the server. The framework makes the handshake; what comes is read by a <see cref="WebSocketReader"/>, what is sent goes through an
/// <see cref="Outbox"/>.
/// </summary>
internal sealed class WebSocketConnection(HttpContext context, WebSocketRoute route) : TimingWheel.Deadline, IConnection, IDrainable, IDisposable
{
    private static readonly WebSocketConnect _connect = new();

    // Changed under the lock of this object.
    private State _state;
    private WebSocketClose? _closeOnceAccepted;
    private TaskCompletionSource? _decided;
    private int _closedWith;
    private long _deadlineSet;
    private TimeSpan _deadlineAfter;

    private WebSocketReader? _reader;
    private Liveness _liveness;
    private Outbox? _outbox;
    private bool _hasAsked;
    private bool _canPing;

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

    private TimeProvider Time => route.Services.Time;

    private WebSocketConnectionOptions Options => route.Options;

    /// <summary>Whether the client has closed, or the connection has broken.</summary>
    public bool HasEnded { get; private set; }

    public ValueTask<ClientEvent> ReceiveAsync()
    {
        if (!_hasAsked)
        {
            _hasAsked = true;
            return new(_connect);
        }

        return _reader?.ReadAsync() ?? ReceiveOnceDecidedAsync();
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
            case Refusal refusal:
                return new(RefuseAsync(refusal));
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
            try
            {
                await _reader.DiscardAsync(this).ConfigureAwait(false);
            }
            catch (Exception fault) when (IsEndOfConnection(fault))
            {
                // The client has gone without an answer.
            }
        }
    }

    /// <summary>Something has come from the client.</summary>
    public void Heard() => _liveness.Heard(Time);

    /// <summary>The client has closed; it is answered with the same code.</summary>
    /// <returns>What the application is to know.</returns>
    public WebSocketDisconnect CloseReceived(int code, string reason)
    {
        HasEnded = true;
        var asked = _closedWith;
        Close(new WebSocketClose(WebSocketCodes.IsSendable(code) ? code : 1000));
        return asked > 0 ? new WebSocketDisconnect(asked) : new WebSocketDisconnect(code, reason);
    }

    /// <summary>The client has broken a rule; it is told.</summary>
    /// <returns>What the application is to know.</returns>
    public WebSocketDisconnect Fault(ClientFaultException fault)
    {
        if (fault.Code == CloseCodes.TooLarge)
        {
            WebSocketLog.TooLarge(route.Logger, context.Request.Path, Options.MaxMessageSize);
        }
        else if (fault.Code != CloseCodes.PolicyViolation)
        {
            // What follows can't be understood any more, so there is no answer to wait for (RFC 6455, 7.1.7).
            HasEnded = true;
        }

        Close(new WebSocketClose(fault.Code, fault.Message));
        return new WebSocketDisconnect(_closedWith);
    }

    /// <summary>The connection has ended without a word.</summary>
    /// <returns>What the application is to know.</returns>
    public WebSocketDisconnect Break()
    {
        HasEnded = true;
        lock (this)
        {
            BeginClosing();
        }

        return new WebSocketDisconnect(_closedWith > 0 ? _closedWith : CloseCodes.Broken);
    }

    /// <inheritdoc/>
    public void Drain(TimeSpan retryAfter) => Close(new WebSocketClose(
        CloseCodes.Restart, string.Create(CultureInfo.InvariantCulture, $"The server restarts. Retry in {retryAfter.TotalMilliseconds:0} ms.")));

    public void Dispose() => Wheel.Cancel(this);

    protected internal override void OnDue()
    {
        lock (this)
        {
            if (Time.GetElapsedTime(_deadlineSet) < _deadlineAfter)
            {
                // It was moved in the moment in which it was due.
                return;
            }

            switch (_state)
            {
                case State.Undecided:
                    WebSocketLog.NotAccepted(route.Logger, context.Request.Path, Options.AcceptTimeout.TotalSeconds);
                    Close(new WebSocketClose());
                    return;
                case State.Open when _liveness.Check(Time, Options, _reader!.IsReading, out var ping) is { } next:
                    if (ping)
                    {
                        _outbox!.AddPing();
                    }

                    SetDeadline(next);
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
                Close(new WebSocketClose(CloseCodes.TryAgainLater, "The client reads too slowly."));
            }
        }
        else if (_state != State.Refused)
        {
            throw new InvalidOperationException("The WebSocket is not accepted yet, so nothing can be sent. Call AcceptAsync first.");
        }
    }

    private Task RefuseAsync(Refusal refusal)
    {
        Refusals.Require(refusal);
        lock (this)
        {
            if (_state != State.Undecided)
            {
                Close(new WebSocketClose(refusal.CloseCode, refusal.Body));
                return Task.CompletedTask;
            }

            Decide(State.Refused);
        }

        return Refusals.WriteAsync(context.Response, refusal);
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

        var upgrade = context.Features.Get<WebSocketUpgrade>();
        var compression = Options.Compression && upgrade is not null
            ? CompressionAgreement.Find(context.Request.Headers.GetCommaSeparatedValues(HeaderNames.SecWebSocketExtensions))
            : null;
        if (compression is { Answer: var answer })
        {
            context.Response.Headers.SecWebSocketExtensions = answer;
        }

        WebSocket socket;
        try
        {
            socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
            {
                SubProtocol = accept.Subprotocol ?? BearerSubprotocol.Answer(context),
                KeepAliveInterval = Timeout.InfiniteTimeSpan,
            }).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsEndOfConnection(fault))
        {
            Decide(State.Refused);
            return;
        }

        _outbox = new Outbox(upgrade?.Output() ?? new WebSocketOutput(socket), route, context, compression?.Window ?? 0);
        _reader = upgrade is null
            ? new FrameworkReader(socket, this, Options.MaxMessageSize)
            : new FrameReader(upgrade.Input(), this, _outbox, Options.MaxMessageSize, compression is not null);
        _canPing = upgrade is not null && Options.PingInterval > TimeSpan.Zero;
        Heard();
        Decide(State.Open);
    }

    /// <summary>The request has been answered.</summary>
    private void Decide(State state)
    {
        lock (this)
        {
            _state = state;
            _decided?.TrySetResult();
            if (state == State.Refused)
            {
                return;
            }

            if (_closeOnceAccepted is { } close)
            {
                Close(close);
            }
            else if (_canPing)
            {
                SetDeadline(Options.PingInterval);
            }
            else
            {
                // The time to accept no longer counts.
                Wheel.Cancel(this);
            }
        }
    }

    /// <summary>Called under the lock.</summary>
    private void SetDeadline(TimeSpan after)
    {
        (_deadlineSet, _deadlineAfter) = (Time.GetTimestamp(), after);
        Wheel.Set(this, after);
    }

    /// <summary>Closes, after what waits; refuses a client that has not been accepted. Whoever closes first says with what code.</summary>
    public void Close(WebSocketClose close)
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
        SetDeadline(Options.CloseTimeout);
    }

    private async ValueTask<ClientEvent> ReceiveOnceDecidedAsync()
    {
        var decided = Task.CompletedTask;
        lock (this)
        {
            if (_state is State.Undecided or State.Accepting)
            {
                decided = (_decided ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                SetDeadline(Options.AcceptTimeout);
            }
        }

        await using (context.RequestAborted.UnsafeRegister(static self => ((WebSocketConnection)self!).Close(new WebSocketClose()), this))
        {
            await decided.ConfigureAwait(false);
        }

        return _reader is { } reader ? await reader.ReadAsync().ConfigureAwait(false) : new WebSocketDisconnect(CloseCodes.Broken);
    }

    public static bool IsEndOfConnection(Exception fault) =>
        fault is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException;
}
