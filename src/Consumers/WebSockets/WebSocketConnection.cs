using System.Globalization;
using ChannelsNet.Background;
using ChannelsNet.Draining;
using ChannelsNet.Http;
using ChannelsNet.Running;
using ChannelsNet.Security;
using ChannelsNet.Telemetry;
using ChannelsNet.WebSockets.Limits;
using ChannelsNet.WebSockets.Receiving;
using ChannelsNet.WebSockets.Sending;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ChannelsNet.WebSockets;

/// <summary>
/// One WebSocket on the server. The framework makes the handshake (<see cref="WebSocketHandshake"/>), a <see cref="WebSocketReader"/> reads, a
/// <see cref="SendQueue"/> writes.
/// </summary>
internal sealed class WebSocketConnection : RequestConnection, ISendQueueOwner, IThreadPoolWorkItem
{
    /// <summary>This often a client that seems gone is checked again behind everything that waits for a thread: its answer may be part of that.</summary>
    private const int MaxRechecks = 32;

    private static readonly WebSocketConnect _connect = new();

    private readonly MessageRate? _rate;
    private readonly OpenConnections _connections;
    private readonly IDisposable? _place;
    private AuthenticationExpiry? _expiry;

    // Changed under the lock of this object.
    private State _state;
    private Rejection? _rejection;
    private WebSocketClose? _closeOnceAccepted;
    private TaskCompletionSource? _decided;
    private ClientEnd? _end;
    private int _closedWith;
    private int _closedByClientWith;
    private int _rechecks;

    private long _acceptedAt;
    private WebSocketReader? _reader;
    private SendQueue? _queue;
    private KeepAlive _keepAlive;
    private bool _hasAsked;
    private bool _canPing;

    /// <param name="context">The request.</param>
    /// <param name="route">The route.</param>
    /// <param name="connections">Where it is listed until it has ended.</param>
    /// <param name="place">What it gives back when it has ended; null for nothing.</param>
    public WebSocketConnection(HttpContext context, WebSocketRoute route, OpenConnections connections, IDisposable? place)
        : base(context, route.Services)
    {
        Route = route;
        _rate = MessageRate.Of(route.Options);
        (_connections, _place) = (connections, place);
    }

    private enum State : byte
    {
        /// <summary>The client's request has no response yet.</summary>
        Undecided,

        /// <summary>The handshake is being made.</summary>
        Accepting,

        Open,

        /// <summary>A close frame has been queued: nothing more is sent. What waits goes out, and the client may answer, until the deadline.</summary>
        Closing,

        /// <summary>The request has, or gets, a response that opens no WebSocket.</summary>
        Rejected,
    }

    public WebSocketRoute Route { get; }

    /// <summary>Whether the WebSocket was opened.</summary>
    public bool IsAccepted => _queue is not null;

    /// <summary>What waits to be written to the client.</summary>
    public (int Messages, long Bytes) Queued => _queue?.Queued ?? default;

    /// <summary>Whether the client sends nothing more that could be understood.</summary>
    public bool HasEnded => _end is { Fault: not { Code: CloseCodes.TooLarge or CloseCodes.PolicyViolation } };

    protected override TimeSpan ApplicationCloseTimeout => Options.ApplicationCloseTimeout;

    private WebSocketConnectionOptions Options => Route.Options;

    private bool IsClosedByServer => _closedWith != 0 && _closedByClientWith == 0;

    public override ValueTask<ClientEvent> ReceiveAsync()
    {
        if (!_hasAsked)
        {
            _hasAsked = true;
            return new(_connect);
        }

        return _reader?.ReadAsync() ?? ReceiveOnceDecidedAsync();
    }

    public override ValueTask SendAsync(ServerEvent serverEvent)
    {
        switch (serverEvent)
        {
            case WebSocketSend send:
                return Send(send);
            case WebSocketAccept accept:
                return new(AcceptAsync(accept));
            case WebSocketClose close:
                Close(close, close.IsCounted ? null : RefusalReason.Application);
                return ValueTask.CompletedTask;
            case Refusal refusal:
                RejectByApplication(refusal);
                return ValueTask.CompletedTask;
            case WebSocketFlush:
                return new(_queue?.FlushAsync() ?? Task.CompletedTask);
            default:
                throw new InvalidOperationException($"A WebSocket can't do a {serverEvent?.GetType().Name ?? "null"}.");
        }
    }

    /// <summary>The client has sent something.</summary>
    public void OnActivity() => _keepAlive.OnActivity(Time);

    /// <summary>A message is whole.</summary>
    /// <param name="length">The length in which it came, in bytes.</param>
    /// <exception cref="ClientFaultException">It is one too many.</exception>
    public void OnReceived(int length)
    {
        Route.Meter.Received(Route, length);
        Count();
    }

    /// <summary>A ping has come.</summary>
    /// <exception cref="ClientFaultException">It is one too many.</exception>
    public void OnPing() => Count();

    /// <summary>The end of what the client sends has been read, while a handler may be at work: it has a while to finish.</summary>
    public void OnEndRead(ClientEnd end)
    {
        if (end.Fault is { } fault)
        {
            Route.AddFault(fault);
        }

        lock (this)
        {
            _end = end;
            if (_state == State.Open)
            {
                Wheel.Set(this, Options.CloseTimeout);
            }
        }
    }

    /// <summary>The application has come to the end of what the client sends. A client that has closed gets the same code in return.</summary>
    /// <returns>The event for the application.</returns>
    public WebSocketDisconnect OnEnd(ClientEnd end)
    {
        lock (this)
        {
            var isClosedByServer = IsClosedByServer;
            RespondToEnd(end);
            return !isClosedByServer && end.Code is { } code ? new WebSocketDisconnect(code, end.Reason)
                : new WebSocketDisconnect(_closedWith > 0 ? _closedWith : CloseCodes.Broken);
        }
    }

    /// <summary>Closes, behind what waits; rejects a client that has not been accepted. The first close decides the code.</summary>
    /// <param name="close">The code and the reason.</param>
    /// <param name="rejection">The reason under which a client that has not been accepted is counted; null if it is counted elsewhere.</param>
    public void Close(WebSocketClose close, RefusalReason? rejection = null)
    {
        WebSocketCodes.Require(close.Code);
        lock (this)
        {
            switch (_state)
            {
                case State.Undecided:
                    if (rejection is { } reason)
                    {
                        Route.RefusedClients.Count(reason, Route.Name);
                    }

                    Reject(new Refusal(WebSocketCodes.RefusalStatus(close.Code)));
                    break;
                case State.Accepting:
                    _closeOnceAccepted ??= close;
                    break;
                case State.Open:
                    _closedWith = close.Code;
                    _queue!.AddClose(WebSocketFrames.Close(close.Code, close.Reason));
                    BeginClosing();
                    break;
            }
        }
    }

    void ISendQueueOwner.OnPingSent() => _keepAlive.OnPingSent(Time);

    void ISendQueueOwner.OnWriteFailed(Exception? exception)
    {
        lock (this)
        {
            if (exception is null && !IsGone)
            {
                Route.AddWriteTimeout();
            }
            else if (exception is not null && !EndOfConnection.Is(exception) && !IsGone)
            {
                WebSocketLog.WriteFailed(Services.Logger, Route.Name, exception);
            }

            if (_state == State.Open)
            {
                BeginClosing();
            }

            SetGone();
        }

        Ask(Work.Abort);
    }

    /// <summary>Checks a client that seems gone once more.</summary>
    void IThreadPoolWorkItem.Execute() => BackgroundWork.Call(nameof(CheckKeepAlive), Services.Logger, () =>
    {
        lock (this)
        {
            if (_state == State.Open && _end is null)
            {
                CheckKeepAlive();
            }
        }
    });

    protected override void Begin()
    {
        _expiry = AuthenticationExpiry.Watch(Context, Route, this);
        lock (this)
        {
            if (!IsGone)
            {
                Wheel.Set(this, Options.AcceptTimeout);
            }
        }
    }

    protected override void OnDeadline()
    {
        switch (_state)
        {
            case State.Undecided:
                Route.AddNotAccepted();
                Reject(new Refusal(StatusCodes.Status503ServiceUnavailable), isFinal: true);
                SetGone();
                break;
            case State.Open when _end is not null:
                // The handler that is at work has had its time.
                RespondToEnd(_end);
                SetGone();
                break;
            case State.Open:
                CheckKeepAlive();
                break;
            case State.Accepting or State.Closing:
                Ask(Work.Abort);
                SetGone();
                break;
            case State.Rejected:
                CompleteRejection();
                break;
        }
    }

    protected override void OnDrain(TimeSpan retryAfter)
    {
        switch (_state)
        {
            case State.Undecided:
                Route.RefusedClients.Count(RefusalReason.Draining, Route.Name);
                Reject(OpenConnections.Unavailable(retryAfter), isFinal: true);
                SetGone();
                break;
            case State.Open when _end is not null:
                RespondToEnd(_end);
                SetGone();
                break;
            case State.Accepting or State.Open:
                var reason = string.Create(CultureInfo.InvariantCulture, $"The server restarts. Retry in {retryAfter.TotalMilliseconds:0} ms.");
                Close(new WebSocketClose(CloseCodes.Restart, reason), RefusalReason.Draining);
                break;
            case State.Closing when _closedByClientWith != 0:
                // A handler that still runs serves nobody.
                SetGone();
                break;
            case State.Rejected:
                CompleteRejection();
                break;
        }
    }

    /// <remarks>
    /// A client that ends only its own direction may still read, and the handler that is at work has a while to finish. If the client does not read, the next
    /// write fails.
    /// </remarks>
    protected override void OnDisconnected()
    {
        CancelAborted();
        switch (_state)
        {
            case State.Undecided:
                Decide(State.Rejected);
                SetGone();
                break;
            case State.Open:
                _end ??= ClientEnd.Broken;
                Wheel.Set(this, Options.CloseTimeout);
                break;
        }
    }

    protected override bool OnFailed(Exception exception)
    {
        if (_state == State.Undecided)
        {
            // The pipeline of the server makes a response of it, with 500.
            Decide(State.Rejected);
            return true;
        }

        Close(new WebSocketClose(CloseCodes.ServerError, "The server has failed."));
        return false;
    }

    protected override async Task FinishAsync()
    {
        Close(new WebSocketClose(), RefusalReason.Application);
        await DecidedAsync().ConfigureAwait(false);
        if (_queue is not null)
        {
            await _queue.FlushAsync().ConfigureAwait(false);
            await _reader!.DiscardAsync().ConfigureAwait(false);
            await _queue.EndAsync().ConfigureAwait(false);
        }
    }

    protected override async Task CloseAsync()
    {
        await DecidedAsync().ConfigureAwait(false);
        if (_queue is not null)
        {
            await _queue.EndAsync().ConfigureAwait(false);
            await _reader!.StopAsync().ConfigureAwait(false);
        }
    }

    protected override async ValueTask WriteAsync()
    {
        if (Interlocked.Exchange(ref _rejection, null) is not { } rejection)
        {
            return;
        }

        // An application may have begun a response of its own, or just set its status.
        var response = Context.Response;
        if (!response.HasStarted && (rejection.IsExplicit || response.StatusCode == StatusCodes.Status200OK))
        {
            await Refusals.WriteAsync(response, rejection.Refusal).ConfigureAwait(false);
        }

        if (rejection.IsFinal)
        {
            await response.CompleteAsync().ConfigureAwait(false);
        }
    }

    protected override void Abort()
    {
        base.Abort();
        _reader?.Abort();
    }

    protected override void OnOver()
    {
        _expiry?.Dispose();
        _place?.Dispose();
        _connections.Remove(this);
        _rate?.Dispose();
        if (IsAccepted)
        {
            var byServer = IsClosedByServer;
            var code = byServer ? _closedWith : _closedByClientWith != 0 ? _closedByClientWith : CloseCodes.Broken;
            Route.Meter.Ended(Route, Time.GetElapsedTime(_acceptedAt), code, byServer);
        }
    }

    /// <summary>Called under the lock.</summary>
    private void RespondToEnd(ClientEnd end)
    {
        if (end.Fault is { } fault)
        {
            Close(new WebSocketClose(fault.Code, fault.Message));
        }
        else if (end.Code is { } code)
        {
            _closedByClientWith = _closedWith == 0 ? code : _closedByClientWith;
            Close(new WebSocketClose(WebSocketCodes.IsSendable(code) ? code : CloseCodes.Normal));
        }
        else if (_state == State.Open)
        {
            BeginClosing();
            SetGone();
        }
    }

    /// <summary>One more of what is limited in number.</summary>
    private void Count()
    {
        if (_rate?.TryTake() == false)
        {
            throw new ClientFaultException(CloseCodes.PolicyViolation, $"You may send {Options.MaxMessagesPerSecond} messages in a second.");
        }
    }

    private ValueTask Send(WebSocketSend send)
    {
        if (IsGone)
        {
            return Gone();
        }

        if (_queue is { } queue)
        {
            if (!queue.Add(send))
            {
                Close(new WebSocketClose(CloseCodes.TryAgainLater, "The client reads too slowly."));
            }
        }
        else if (_state != State.Rejected)
        {
            throw new InvalidOperationException("The WebSocket is not accepted yet, so nothing can be sent. Call AcceptAsync first.");
        }

        return ValueTask.CompletedTask;
    }

    private void RejectByApplication(Refusal refusal)
    {
        Refusals.Require(refusal);
        lock (this)
        {
            if (_state != State.Undecided)
            {
                Close(new WebSocketClose(refusal.CloseCode, refusal.Body));
                return;
            }

            if (!refusal.IsCounted)
            {
                Route.RefusedClients.Count(RefusalReason.Application, Route.Name);
            }

            Reject(refusal, isExplicit: true);
        }
    }

    /// <summary>Called under the lock. The task of the request writes the response.</summary>
    private void Reject(Refusal refusal, bool isExplicit = false, bool isFinal = false)
    {
        _rejection = new Rejection(refusal, isExplicit, isFinal);
        Decide(State.Rejected);
        Ask(Work.Write);
    }

    /// <summary>Called under the lock. The application has rejected the client and goes on; the client does not wait for it.</summary>
    private void CompleteRejection()
    {
        _rejection = new Rejection(new Refusal(), IsExplicit: false, IsFinal: true);
        Ask(Work.Write);
        SetGone();
    }

    private async Task AcceptAsync(WebSocketAccept accept)
    {
        lock (this)
        {
            if (_state == State.Rejected)
            {
                return;
            }

            if (_state != State.Undecided)
            {
                throw new InvalidOperationException("The WebSocket has been accepted already.");
            }

            WebSocketHandshake.Require(accept, WebSocketHandshake.Subprotocols(Context));
            _state = State.Accepting;
            Wheel.Set(this, Options.AcceptTimeout);
        }

        try
        {
            Open(await WebSocketHandshake.AcceptAsync(Context, accept, Options).ConfigureAwait(false));
        }
        catch (UpgradeRejectedException rejected)
        {
            Route.AddUpgradeRejected(rejected);
            lock (this)
            {
                Reject(OpenConnections.Unavailable(TimeSpan.FromSeconds(10)), isExplicit: true);
            }
        }
        catch (Exception exception)
        {
            if (!OnHandshakeFailed(exception))
            {
                throw;
            }
        }
    }

    /// <returns>Whether the client has left, so that the application need not know.</returns>
    private bool OnHandshakeFailed(Exception exception)
    {
        lock (this)
        {
            if (EndOfConnection.Is(exception) || IsGone || Context.Response.HasStarted)
            {
                Decide(State.Rejected);
                SetGone();
                Ask(Work.Abort);
                return EndOfConnection.Is(exception);
            }

            // The application can still reject the client; an exception that it does not handle does so.
            _state = State.Undecided;
            Wheel.Set(this, Options.AcceptTimeout);
            if (_closeOnceAccepted is { } close)
            {
                Close(close);
            }

            return false;
        }
    }

    /// <summary>The handshake is done.</summary>
    private void Open(WebSocketHandshake handshake)
    {
        _queue = new SendQueue(handshake.Output, Route, this, Context.Features.Get<IHttpConnectionFeature>()?.ConnectionId ?? "", handshake.DeflateWindow);
        _reader = handshake.CreateReader(this, _queue, Options.MaxMessageSize);
        _canPing = handshake.CanPing && Options.PingInterval > TimeSpan.Zero;
        _acceptedAt = Time.GetTimestamp();
        Route.Meter.Accepted(Route);
        OnActivity();
        lock (this)
        {
            Decide(State.Open);
            _reader.Begin();
        }
    }

    /// <summary>Called under the lock: the request has its response.</summary>
    private void Decide(State state)
    {
        _state = state;
        _decided?.TrySetResult();
        if (state == State.Rejected)
        {
            Wheel.Set(this, Options.CloseTimeout);
        }
        else if (IsGone)
        {
            BeginClosing();
        }
        else if (_closeOnceAccepted is { } close)
        {
            Close(close);
        }
        else if (_canPing)
        {
            Wheel.Set(this, Options.PingInterval);
        }
        else
        {
            // The time to accept no longer counts.
            Wheel.Clear(this);
        }
    }

    /// <summary>Called under the lock.</summary>
    private void BeginClosing()
    {
        _state = State.Closing;
        if (!IsGone)
        {
            Wheel.Set(this, Options.CloseTimeout);
        }
    }

    /// <summary>Called under the lock.</summary>
    private void CheckKeepAlive()
    {
        if (_keepAlive.Check(Time, Options, _reader!.IsReading, out var ping) is { } next)
        {
            _rechecks = 0;
            if (ping)
            {
                _queue!.AddPing();
            }

            Wheel.Set(this, next);
        }
        else if (_rechecks < MaxRechecks)
        {
            _rechecks++;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
        else
        {
            Route.AddNoPong();
            BeginClosing();
            SetGone();
            Ask(Work.Abort);
        }
    }

    private Task DecidedAsync()
    {
        lock (this)
        {
            return _state is State.Undecided or State.Accepting
                ? (_decided ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task
                : Task.CompletedTask;
        }
    }

    private async ValueTask<ClientEvent> ReceiveOnceDecidedAsync()
    {
        lock (this)
        {
            if (_state == State.Undecided && !IsGone)
            {
                WatchRequest();
                if (Context.Response.HasStarted)
                {
                    // The application has written a response of its own.
                    Decide(State.Rejected);
                }
            }
        }

        await DecidedAsync().ConfigureAwait(false);
        return _reader is { } reader ? await reader.ReadAsync().ConfigureAwait(false) : new WebSocketDisconnect(CloseCodes.Broken);
    }

    /// <param name="Refusal">The response.</param>
    /// <param name="IsExplicit">Whether the application has written it down, so that it replaces a status that it has set otherwise.</param>
    /// <param name="IsFinal">Whether the response is completed though the application has not ended.</param>
    private sealed record Rejection(Refusal Refusal, bool IsExplicit, bool IsFinal);
}
