using System.Globalization;
using System.Net.WebSockets;
using ChannelsNet.Draining;
using ChannelsNet.Http;
using ChannelsNet.Running;
using ChannelsNet.Security;
using ChannelsNet.Telemetry;
using ChannelsNet.WebSockets.Compression;
using ChannelsNet.WebSockets.Limits;
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

    private readonly MessageRate? _rate = MessageRate.Of(route.Options);

    // Changed under the lock of this object.
    private State _state;
    private WebSocketClose? _closeOnceAccepted;
    private TaskCompletionSource? _decided;
    private int _closedWith;
    private long _deadlineSet;
    private TimeSpan _deadlineAfter;
    private long _acceptedAt;
    private int _closedByClientWith;

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

    public WebSocketRoute Route => route;

    /// <summary>Whether the client's request was answered so.</summary>
    public bool IsAccepted => _outbox is not null;

    /// <summary>What waits to be written to the client.</summary>
    public (int Messages, long Bytes) Queued => _outbox?.Queued ?? default;

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
                Close(close, close.IsCounted ? null : RefusalReason.Application);
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
        Close(new WebSocketClose(), RefusalReason.Application);
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

    /// <summary>A message is whole.</summary>
    /// <param name="length">How many bytes it came in.</param>
    /// <exception cref="ClientFaultException">It is one too many.</exception>
    public void Received(int length)
    {
        route.Meter.Received(route, length);
        Count();
    }

    /// <summary>A ping has come.</summary>
    /// <exception cref="ClientFaultException">It is one too many.</exception>
    public void Pinged() => Count();

    /// <summary>The client has closed; it is answered with the same code.</summary>
    /// <returns>What the application is to know.</returns>
    public WebSocketDisconnect CloseReceived(int code, string reason)
    {
        HasEnded = true;
        var asked = _closedWith;
        if (asked == 0)
        {
            _closedByClientWith = code;
        }

        Close(new WebSocketClose(WebSocketCodes.IsSendable(code) ? code : 1000));
        return asked > 0 ? new WebSocketDisconnect(asked) : new WebSocketDisconnect(code, reason);
    }

    /// <summary>The client has broken a rule; it is told.</summary>
    /// <returns>What the application is to know.</returns>
    public WebSocketDisconnect Fault(ClientFaultException fault)
    {
        route.AddFault(fault);

        // But for these what follows can't be understood any more, so there is no answer to wait for (RFC 6455, 7.1.7).
        HasEnded |= fault.Code is not (CloseCodes.TooLarge or CloseCodes.PolicyViolation);
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
    public void Drain(TimeSpan retryAfter)
    {
        var reason = string.Create(CultureInfo.InvariantCulture, $"The server restarts. Retry in {retryAfter.TotalMilliseconds:0} ms.");
        Close(new WebSocketClose(CloseCodes.Restart, reason), RefusalReason.Draining);
    }

    public void Dispose()
    {
        Wheel.Cancel(this);
        _rate?.Dispose();
        if (IsAccepted)
        {
            var byServer = _closedWith != 0 && _closedByClientWith == 0;
            var code = byServer ? _closedWith : _closedByClientWith != 0 ? _closedByClientWith : CloseCodes.Broken;
            route.Meter.Ended(route, Time.GetElapsedTime(_acceptedAt), code, byServer);
        }
    }

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
                    route.AddNotAccepted();
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
                case State.Open:
                    route.AddNoPong();
                    break;
            }
        }

        context.Abort();
    }

    /// <summary>One more of what is limited in number.</summary>
    private void Count()
    {
        if (_rate?.TryTake() == false)
        {
            throw new ClientFaultException(CloseCodes.PolicyViolation, $"You may send {Options.MaxMessagesPerSecond} messages in a second.");
        }
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

            if (!refusal.IsCounted)
            {
                route.RefusedClients.Count(RefusalReason.Application, route.Name);
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
        _acceptedAt = Time.GetTimestamp();
        route.Meter.Accepted(route);
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
    /// <param name="close">The code and the reason.</param>
    /// <param name="refusal">As what it is counted if the client has not been accepted; null if it is counted elsewhere.</param>
    public void Close(WebSocketClose close, RefusalReason? refusal = null)
    {
        WebSocketCodes.Require(close.Code);
        lock (this)
        {
            switch (_state)
            {
                case State.Undecided:
                    if (refusal is { } reason)
                    {
                        route.RefusedClients.Count(reason, route.Name);
                    }

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
