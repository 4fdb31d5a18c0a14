using System.Globalization;
using ChannelsNet.Draining;
using ChannelsNet.Running;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet.Http;

/// <summary>
/// One HTTP request on the server. It is over when the response is complete, when the client has left or does not read, and when the host stops while
/// nothing but a message would have gone on with it.
/// </summary>
/// <remarks>
/// Its one deadline is that of a write that waits for the client, of a request that waits for its answer, or of a stream of events that is silent: only one
/// of them can be at a time.
/// </remarks>
internal sealed class HttpConnection(HttpContext context, HttpRoute route) : TimingWheel.Deadline, IConnection, IDrainable, IAsyncDisposable
{
    private static readonly HttpDisconnect _disconnect = new();
    private static readonly HttpTimeout _timeout = new();
    private static readonly HttpResponseBody _comment = new(EventStream.Comment, IsLast: false);

    /// <summary>How long the end of a stream may take that ends because the host stops.</summary>
    private static readonly TimeSpan _farewell = TimeSpan.FromSeconds(1);

    private readonly RequestReader _request = new(context, route);
    private readonly ResponseWriter _response = new(context);

    /// <summary>Cancelled when the connection is over otherwise than by a complete response.</summary>
    private readonly CancellationTokenSource _aborted = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);

    /// <summary>What is sent goes out one after the other, also the comments.</summary>
    private readonly SemaphoreSlim _order = new(1);

    // Changed under the lock of this object.
    private TaskCompletionSource<ClientEvent>? _next;
    private TimeSpan? _retryAfter;
    private bool _isBlocked;
    private bool _isBroken;
    private bool _isClosed;
    private bool _keepsAlive;
    private long _deadlineSet;
    private TimeSpan _deadlineAfter;

    private long _writtenAt;

    /// <summary>Is cancelled when the client has left, when the response is broken off, and when the host stops while nobody is at work.</summary>
    public CancellationToken Aborted => _aborted.Token;

    private TimeProvider Time => route.Services.Time;

    private HttpConnectionOptions Options => route.Options;

    private bool IsOver => _isClosed || _aborted.IsCancellationRequested;

    public ValueTask<ClientEvent> ReceiveAsync() => _request.IsDone ? NextAsync() : ReadAsync();

    public async ValueTask SendAsync(ServerEvent serverEvent)
    {
        if (serverEvent is not (HttpResponseStart or HttpResponseBody or Refusal))
        {
            throw new InvalidOperationException(
                $"An HTTP response can't do a {serverEvent?.GetType().Name ?? "null"}. Expected {nameof(HttpResponseStart)}, {nameof(HttpResponseBody)}, "
                + $"or {nameof(Refusal)}, which a WebSocket can do too.");
        }

        if (IsOver)
        {
            return;
        }

        await _order.WaitAsync().ConfigureAwait(false);
        try
        {
            await SendInOrderAsync(serverEvent).ConfigureAwait(false);
        }
        finally
        {
            _order.Release();
        }

        if (_response.IsComplete)
        {
            EndEvents();
        }
    }

    /// <summary>Who is at work answers as ever; whatever only waits is ended.</summary>
    public void Drain(TimeSpan retryAfter)
    {
        lock (this)
        {
            _retryAfter = retryAfter;
            if (!_isClosed && !_response.IsComplete && (_next is not null || _response.IsEventStream))
            {
                Abort();
            }
        }
    }

    /// <summary>The application has ended: does what is left to do.</summary>
    public async Task FinishAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        var isSomeoneElses = context.Response.HasStarted && !_response.HasBegun;
        if (_response.IsComplete || _isBroken || isSomeoneElses || context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        var isDrained = _aborted.IsCancellationRequested;
        if (!isDrained)
        {
            HttpLog.Unanswered(route.Logger, context.Request.Path);
        }

        if (!context.Response.HasStarted)
        {
            await _response.RefuseAsync(isDrained ? Unavailable() : new Refusal(StatusCodes.Status500InternalServerError)).ConfigureAwait(false);
        }
        else if (_isBlocked || !_response.IsEventStream)
        {
            // Otherwise the client would take what has come for the whole.
            context.Abort();
        }
        else
        {
            await EndStreamAsync().ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        _request.Release();
        _aborted.Dispose();
    }

    protected internal override void OnDue()
    {
        lock (this)
        {
            if (_isClosed || Time.GetElapsedTime(_deadlineSet) < _deadlineAfter)
            {
                // It was cancelled or moved in the moment in which it was due.
                return;
            }

            if (_isBlocked)
            {
                HttpLog.NotRead(route.Logger, context.Request.Path, Options.WriteTimeout.TotalSeconds);
                Break();
            }
            else if (_response.IsEventStream)
            {
                KeepAlive();
            }
            else if (!_response.HasBegun)
            {
                _next?.TrySetResult(_timeout);
                _next = null;
            }
        }
    }

    private async ValueTask<ClientEvent> ReadAsync()
    {
        try
        {
            return await _request.ReadAsync().ConfigureAwait(false);
        }
        catch (BadHttpRequestException fault)
        {
            await SendAsync(new Refusal(fault.StatusCode)).ConfigureAwait(false);
            return _disconnect;
        }
        catch (Exception fault) when (IsEndOfConnection(fault))
        {
            return _disconnect;
        }
    }

    private async ValueTask<ClientEvent> NextAsync()
    {
        _request.Release();
        Task<ClientEvent> next;
        lock (this)
        {
            if (_response.IsComplete)
            {
                return _disconnect;
            }

            if (_retryAfter is not null)
            {
                // The host has begun to stop while the application was at work.
                Abort();
            }

            _next = new TaskCompletionSource<ClientEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
            next = _next.Task;
            if (!_response.HasBegun)
            {
                SetDeadline(Options.LongPollTimeout);
            }
        }

        await using (_aborted.Token.UnsafeRegister(static self => ((HttpConnection)self!).EndEvents(), this).ConfigureAwait(false))
        {
            return await next.ConfigureAwait(false);
        }
    }

    private void EndEvents()
    {
        lock (this)
        {
            _next?.TrySetResult(_disconnect);
            _next = null;
        }
    }

    private async Task SendInOrderAsync(ServerEvent serverEvent)
    {
        try
        {
            switch (serverEvent)
            {
                case var _ when IsOver:
                    break;
                case HttpResponseStart start:
                    _response.Start(start);
                    break;
                case HttpResponseBody body:
                    Volatile.Write(ref _writtenAt, Time.GetTimestamp());
                    await TimeAsync(_response.WriteAsync(body, _aborted.Token)).ConfigureAwait(false);
                    break;
                case Refusal when _response.IsComplete:
                    break;
                case Refusal when context.Response.HasStarted:
                    Break();
                    break;
                case Refusal refusal:
                    await TimeAsync(_response.RefuseAsync(refusal)).ConfigureAwait(false);
                    break;
            }
        }
        catch (Exception fault) when (IsEndOfConnection(fault))
        {
            if (_isBlocked || !_aborted.IsCancellationRequested)
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
        if (left <= TimeSpan.Zero && _order.Wait(0))
        {
            _ = CommentAsync();
        }
    }

    private async Task CommentAsync()
    {
        try
        {
            if (_response.IsEventStream)
            {
                await SendInOrderAsync(_comment).ConfigureAwait(false);
            }
        }
        finally
        {
            _order.Release();
        }
    }

    /// <summary>Called under the lock.</summary>
    private void SetDeadline(TimeSpan after)
    {
        if (!_isClosed)
        {
            (_deadlineSet, _deadlineAfter) = (Time.GetTimestamp(), after);
            route.Services.Wheel.Set(this, after);
        }
    }

    /// <summary>The application is to end. Called under the lock, so what is registered at the token must run elsewhere.</summary>
    private void Abort()
    {
        _ = _aborted.CancelAsync();
        EndEvents();
    }

    /// <summary>Ends the connection, so that the client sees that the response is not whole.</summary>
    private void Break()
    {
        lock (this)
        {
            // Once it is closed the server may have given the context to another request.
            if (!_isClosed)
            {
                _isBroken = true;
                Abort();
                context.Abort();
            }
        }
    }

    /// <summary>A client that does not read may not hold up the stop of the host.</summary>
    private async Task EndStreamAsync()
    {
        try
        {
            var ending = context.Response.CompleteAsync();
            await Task.WhenAny(ending, Task.Delay(_farewell, Time)).ConfigureAwait(false);
            if (!ending.IsCompleted)
            {
                context.Abort();
            }

            await ending.ConfigureAwait(false);
        }
        catch (Exception fault) when (IsEndOfConnection(fault))
        {
            // The client has gone without the end.
        }
    }

    /// <summary>From now on nothing of this connection writes or is due.</summary>
    private async Task CloseAsync()
    {
        await _order.WaitAsync().ConfigureAwait(false);
        lock (this)
        {
            _isClosed = true;
            route.Services.Wheel.Cancel(this);
        }

        _order.Release();
    }

    private Refusal Unavailable() => new(StatusCodes.Status503ServiceUnavailable)
    {
        Headers = new HeaderDictionary
        {
            [HeaderNames.RetryAfter] = Math.Ceiling(_retryAfter.GetValueOrDefault().TotalSeconds).ToString(CultureInfo.InvariantCulture),
        },
    };

    private static bool IsEndOfConnection(Exception fault) => fault is OperationCanceledException or IOException or ObjectDisposedException;
}
