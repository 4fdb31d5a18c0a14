using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Draining;
using ChannelsNet.Running;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.Http;

/// <summary>
/// One HTTP request on the server. It ends when the response is complete, when the client has left or does not read, and when the host stops while the
/// application only waits for a message.
/// </summary>
/// <remarks>
/// It has one deadline: of a write that waits for the client, of a request that waits for its response, or of a silent stream of events. Only one of them is
/// possible at a time.
/// </remarks>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A semaphore without a wait handle holds nothing.")]
internal sealed class HttpConnection(HttpContext context, HttpRoute route) : RequestConnection(context, route.Services)
{
    private static readonly HttpDisconnect _disconnect = new();
    private static readonly HttpTimeout _timeout = new();
    private static readonly HttpResponseBody _comment = new(EventStream.Comment, IsLast: false);

    /// <summary>How long the end of a stream may take that ends because the host stops.</summary>
    private static readonly TimeSpan _farewell = TimeSpan.FromSeconds(1);

    private readonly string _path = context.Request.Path;
    private readonly RequestReader _reader = new(context, route);
    private readonly ResponseWriter _response = new(context);

    /// <summary>Counts the reads of the request that are under way.</summary>
    private readonly UsageGate _reading = new();

    /// <summary>Lets one write at a time to the response.</summary>
    private readonly SemaphoreSlim _order = new(1);

    // Changed under the lock of this object.
    private TaskCompletionSource<ClientEvent>? _next;
    private TimeSpan? _retryAfter;
    private bool _isDrained;
    private bool _isBlocked;
    private bool _isBroken;
    private bool _isClosed;
    private bool _hasFailed;
    private bool _keepsAlive;

    private long _writtenAt;

    protected override TimeSpan ApplicationCloseTimeout => Options.ApplicationCloseTimeout;

    private HttpConnectionOptions Options => route.Options;

    public override async ValueTask<ClientEvent> ReceiveAsync()
    {
        if (!_reading.TryEnter())
        {
            return _disconnect;
        }

        Task<ClientEvent> next;
        try
        {
            if (!_reader.IsDone)
            {
                return await ReadAsync().ConfigureAwait(false);
            }

            _reader.Release();
            next = NextAsync();
        }
        finally
        {
            _reading.Leave();
        }

        return await next.ConfigureAwait(false);
    }

    public override ValueTask SendAsync(ServerEvent serverEvent) => serverEvent is not (HttpResponseStart or HttpResponseBody or Refusal)
        ? throw new InvalidOperationException(
            $"An HTTP response can't do a {serverEvent?.GetType().Name ?? "null"}. Expected {nameof(HttpResponseStart)}, {nameof(HttpResponseBody)}, "
            + $"or {nameof(Refusal)}, which a WebSocket can do too.")
        : IsGone ? Gone() : SendInOrderAsync(serverEvent);

    protected override void Begin()
    {
        lock (this)
        {
            WatchRequest();
        }
    }

    protected override void OnDeadline()
    {
        if (_isBlocked)
        {
            HttpLog.NotRead(route.Logger, _path, Options.WriteTimeout.TotalSeconds);
            Break();
        }
        else if (_response.IsEventStream)
        {
            KeepAlive();
        }
        else if (!_response.HasBegun)
        {
            SetNext(_timeout);
        }
    }

    /// <summary>An application that is at work responds as usual; one that only waits is ended.</summary>
    protected override void OnDrain(TimeSpan retryAfter)
    {
        _retryAfter = retryAfter;
        if (!_response.IsComplete && (_next is not null || _response.IsEventStream))
        {
            EndDrained();
        }
    }

    protected override void OnDisconnected()
    {
        SetGone();
        SetNext(_disconnect);
    }

    /// <remarks>The pipeline of the server makes a response of it, with 500, or breaks off the one that has begun.</remarks>
    protected override bool OnFailed(Exception exception) => _hasFailed = true;

    protected override async Task FinishAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        _reader.Release();
        var isSomeoneElses = Context.Response.HasStarted && !_response.HasBegun;
        if (_hasFailed || _response.IsComplete || _isBroken || isSomeoneElses || Context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        if (!_isDrained)
        {
            HttpLog.Unanswered(route.Logger, _path);
        }

        if (!Context.Response.HasStarted)
        {
            await _response.RefuseAsync(_isDrained
                ? OpenConnections.Unavailable(_retryAfter.GetValueOrDefault())
                : new Refusal(StatusCodes.Status500InternalServerError)).ConfigureAwait(false);
        }
        else if (_isBlocked || !_response.IsEventStream)
        {
            // Otherwise the client would take what has come for the whole.
            Ask(Work.Abort);
        }
        else
        {
            await EndStreamAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Sends a comment to the client of a silent stream.</summary>
    protected override async ValueTask WriteAsync()
    {
        if (await _order.WaitAsync(TimeSpan.Zero).ConfigureAwait(false))
        {
            try
            {
                if (_response.IsEventStream)
                {
                    await SendNowAsync(_comment).ConfigureAwait(false);
                }
            }
            finally
            {
                _order.Release();
            }
        }
    }

    protected override async Task CloseAsync()
    {
        var unread = _reading.CloseAsync();
        if (!unread.IsCompleted)
        {
            _reader.Cancel();
        }

        await unread.ConfigureAwait(false);
        await _order.WaitAsync().ConfigureAwait(false);
        lock (this)
        {
            _isClosed = true;
            Wheel.Clear(this);
        }

        _order.Release();
    }

    private async Task<ClientEvent> ReadAsync()
    {
        try
        {
            return await _reader.ReadAsync().ConfigureAwait(false);
        }
        catch (BadHttpRequestException fault)
        {
            await SendAsync(new Refusal(fault.StatusCode)).ConfigureAwait(false);
            return _disconnect;
        }
        catch (Exception exception) when (EndOfConnection.Is(exception))
        {
            return _disconnect;
        }
    }

    /// <summary>The whole request has been read: waits for the end of the connection, or of the time to respond.</summary>
    private Task<ClientEvent> NextAsync()
    {
        lock (this)
        {
            if (_retryAfter is not null && !_response.IsComplete)
            {
                // The host has begun to stop while the application was at work.
                EndDrained();
            }

            if (IsGone || _response.IsComplete)
            {
                return Task.FromResult<ClientEvent>(_disconnect);
            }

            _next = new TaskCompletionSource<ClientEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_response.HasBegun)
            {
                SetDeadline(Options.LongPollTimeout);
            }

            return _next.Task;
        }
    }

    /// <summary>Called under the lock.</summary>
    private void SetNext(ClientEvent clientEvent)
    {
        _next?.TrySetResult(clientEvent);
        _next = null;
    }

    /// <summary>Called under the lock.</summary>
    private void EndDrained()
    {
        _isDrained = true;
        OnDisconnected();
    }

    private async ValueTask SendInOrderAsync(ServerEvent serverEvent)
    {
        await _order.WaitAsync().ConfigureAwait(false);
        try
        {
            await SendNowAsync(serverEvent).ConfigureAwait(false);
        }
        finally
        {
            _order.Release();
        }

        if (_response.IsComplete)
        {
            lock (this)
            {
                SetNext(_disconnect);
            }
        }
    }

    private async Task SendNowAsync(ServerEvent serverEvent)
    {
        try
        {
            switch (serverEvent)
            {
                case var _ when _isClosed || IsGone:
                    break;
                case HttpResponseStart start:
                    _response.Start(start);
                    break;
                case HttpResponseBody body:
                    Volatile.Write(ref _writtenAt, Time.GetTimestamp());
                    await TimeAsync(_response.WriteAsync(body, Aborted)).ConfigureAwait(false);
                    break;
                case Refusal when _response.IsComplete:
                    break;
                case Refusal when Context.Response.HasStarted:
                    Break();
                    break;
                case Refusal refusal:
                    await TimeAsync(_response.RefuseAsync(refusal)).ConfigureAwait(false);
                    break;
            }
        }
        catch (Exception exception) when (EndOfConnection.Is(exception))
        {
            if (_isBlocked || !IsGone)
            {
                Break();
            }
        }
    }

    /// <summary>Waits for a write as long as the client may take for it.</summary>
    private async Task TimeAsync(ValueTask writing)
    {
        if (!writing.IsCompleted)
        {
            lock (this)
            {
                (_isBlocked, _keepsAlive) = (true, false);
                SetDeadline(Options.WriteTimeout);
            }
        }

        await writing.ConfigureAwait(false);
        if (_isBlocked || (!_keepsAlive && _response.IsEventStream))
        {
            lock (this)
            {
                (_isBlocked, _keepsAlive) = (false, _response.IsEventStream && Options.KeepAliveInterval > TimeSpan.Zero);
                if (_keepsAlive)
                {
                    SetDeadline(Options.KeepAliveInterval);
                }
            }
        }
    }

    /// <summary>Called under the lock.</summary>
    private void KeepAlive()
    {
        var left = Options.KeepAliveInterval - Time.GetElapsedTime(Volatile.Read(ref _writtenAt));
        SetDeadline(left > TimeSpan.Zero ? left : Options.KeepAliveInterval);
        if (left <= TimeSpan.Zero)
        {
            Ask(Work.Write);
        }
    }

    /// <summary>Called under the lock.</summary>
    private void SetDeadline(TimeSpan after)
    {
        if (!_isClosed && !IsGone)
        {
            Wheel.Set(this, after);
        }
    }

    /// <summary>Ends the connection, so that the client sees that the response is not whole.</summary>
    private void Break()
    {
        lock (this)
        {
            _isBroken = true;
            OnDisconnected();
        }

        Ask(Work.Abort);
    }

    /// <summary>A client that does not read must not delay the stop of the host.</summary>
    private async Task EndStreamAsync()
    {
        try
        {
            var ending = Context.Response.CompleteAsync();
            await Task.WhenAny(ending, Task.Delay(_farewell, Time)).ConfigureAwait(false);
            if (!ending.IsCompleted)
            {
                Ask(Work.Abort);
            }

            await ending.ConfigureAwait(false);
        }
        catch (Exception exception) when (EndOfConnection.Is(exception))
        {
            // The client has left before the end.
        }
    }
}
