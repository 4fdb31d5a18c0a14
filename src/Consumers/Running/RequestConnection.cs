using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;
using ChannelsNet.Background;
using ChannelsNet.Draining;
using ChannelsNet.Hosting;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.Running;

/// <summary>
/// A connection that is one request of the server. The <see cref="HttpContext"/> belongs to the task of the request, which runs <see cref="ServeAsync"/>, and to
/// the application while that task waits for it. Everybody else (timers, the drain, the send queue, code that the application has left running) asks the task
/// to act, from any thread and at any time. After the end of the request that does nothing.
/// </summary>
/// <remarks>
/// <para>The server gives the context of an ended request to another request. Using it after the end would throw, or act on somebody else's connection.</para>
/// <para>A client is <i>gone</i> when its connection was cut, or has ended a while ago. Then sending throws a <see cref="ClientGoneException"/>, so that a
/// handler that serves nobody ends. <see cref="Aborted"/> is canceled then, or before, as soon as the connection breaks. An application that goes on all the same is named in the log, and a host that
/// stops does not wait for it.</para>
/// <para>The state changes under the lock of this object, which is also that of its deadline (<see cref="TimingWheel"/>).</para>
/// </remarks>
internal abstract class RequestConnection : TimingWheel.Deadline, IConnection, IDrainable, IValueTaskSource<RequestConnection.Work>
{
    private readonly HttpContext _context;
    private ManualResetValueTaskSourceCore<Work> _wake = new() { RunContinuationsAsynchronously = true };
    private int _work;
    private ExceptionDispatchInfo? _failure;

    // Changed under the lock of this object.
    private CancellationTokenSource? _aborted;
    private CancellationTokenRegistration _watch;
    private bool _isWatching;
    private bool _isCanceled;
    private bool _isStopping;
    private bool _hasOutlived;
    private bool _isFinishing;
    private bool _isOver;

    protected RequestConnection(HttpContext context, ConsumerServices services)
    {
        _context = context;
        Services = services;
        Name = context.GetEndpoint()?.DisplayName ?? GetType().Name;
        Request = new ScopeRequest(context, this);
    }

    /// <summary>The work for the task of the request.</summary>
    [Flags]
    internal enum Work
    {
        None = 0,

        /// <summary>The application has ended and the connection is finished: end the request.</summary>
        End = 1,

        /// <summary>The client must go: abort the connection.</summary>
        Abort = 2,

        /// <summary>Write what there is to write, such as a rejection.</summary>
        Write = 4,

        /// <summary>The host stops and the application goes on: end the request without it.</summary>
        Abandon = 8,

        /// <summary>Nothing, the task sleeps.</summary>
        Asleep = 16,
    }

    /// <summary>What the scope knows of the request.</summary>
    public ScopeRequest Request { get; }

    /// <summary>Is canceled when the connection has broken, when the client is gone, and when the request has ended.</summary>
    public CancellationToken Aborted
    {
        get
        {
            lock (this)
            {
                if (!_isCanceled)
                {
                    WatchRequest();
                }

                return _isCanceled ? new CancellationToken(canceled: true) : (_aborted ??= new CancellationTokenSource()).Token;
            }
        }
    }

    /// <summary>Whether the client is gone.</summary>
    protected bool IsGone { get; private set; }

    /// <summary>The request, for the task of the request and for the application while that waits for it.</summary>
    protected HttpContext Context => _context;

    protected ConsumerServices Services { get; }

    protected TimeProvider Time => Services.Time;

    protected TimingWheel Wheel => Services.Wheel;

    /// <summary>How long the application may go on after its client.</summary>
    protected abstract TimeSpan ApplicationCloseTimeout { get; }

    /// <summary>What the log calls the connection: its protocol, route and application.</summary>
    protected string Name { get; }

    /// <inheritdoc/>
    public abstract ValueTask<ClientEvent> ReceiveAsync();

    /// <inheritdoc/>
    public abstract ValueTask SendAsync(ServerEvent serverEvent);

    /// <summary>Lets an application serve the connection, until the request can end. The task of the request.</summary>
    public async Task ServeAsync(IApplication application, Scope scope)
    {
        try
        {
            Begin();
            _ = RunAsync(application, scope);
            var writing = Task.CompletedTask;
            Work work;
            do
            {
                work = await NextWorkAsync().ConfigureAwait(false);
                if ((work & (Work.Abort | Work.Abandon)) != 0)
                {
                    BackgroundWork.Call(nameof(Abort), Services.Logger, Abort);
                }

                if (work.HasFlag(Work.Write))
                {
                    writing = WriteNextAsync(writing);
                }
            }
            while ((work & (Work.End | Work.Abandon)) == 0);

            if (!work.HasFlag(Work.End))
            {
                RunningLog.Abandoned(Services.Logger, Name);
                await CloseAsync().ConfigureAwait(false);
            }

            await writing.ConfigureAwait(false);
        }
        finally
        {
            Over();
        }

        _failure?.Throw();
    }

    /// <inheritdoc/>
    public void Drain(TimeSpan retryAfter)
    {
        lock (this)
        {
            _isStopping = true;
            if (_hasOutlived)
            {
                Abandon();
            }
            else if (!IsGone)
            {
                OnDrain(retryAfter);
            }
        }
    }

    /// <inheritdoc/>
    public void Abandon()
    {
        lock (this)
        {
            SetGone();
            if (_isFinishing)
            {
                Ask(Work.Abort);
            }
            else
            {
                _isOver = true;
                Ask(Work.Abandon);
            }
        }
    }

    /// <inheritdoc/>
    protected internal sealed override void OnDue()
    {
        if (!IsGone)
        {
            OnDeadline();
        }
        else if (_isFinishing)
        {
            // What is still to be read or written does not end otherwise.
            Ask(Work.Abort);
        }
        else if (!_hasOutlived)
        {
            _hasOutlived = true;
            RunningLog.Outlived(Services.Logger, Name, ApplicationCloseTimeout.TotalSeconds);
            if (_isStopping)
            {
                Abandon();
            }
        }
    }

    /// <summary>The application is about to run.</summary>
    protected virtual void Begin()
    {
    }

    /// <summary>The deadline has passed while the client is there. Called under the lock.</summary>
    protected abstract void OnDeadline();

    /// <summary>The host stops. Called under the lock.</summary>
    protected abstract void OnDrain(TimeSpan retryAfter);

    /// <summary>The server has noticed that the connection has ended. Called under the lock.</summary>
    protected abstract void OnDisconnected();

    /// <summary>The application has thrown, and has not been abandoned before.</summary>
    /// <returns>Whether the pipeline of the server is to handle the exception.</returns>
    protected abstract bool OnFailed(Exception exception);

    /// <summary>The application has ended: finishes the connection.</summary>
    protected abstract Task FinishAsync();

    /// <summary>Writes what there is to write. Called on the task of the request.</summary>
    protected abstract ValueTask WriteAsync();

    /// <summary>Ends the connection at once. Called on the task of the request.</summary>
    protected virtual void Abort() => _context.Abort();

    /// <summary>Waits until nothing reads from the connection and nothing writes to it any more, and prevents both. It has been aborted.</summary>
    protected abstract Task CloseAsync();

    /// <summary>The request has ended.</summary>
    protected virtual void OnOver()
    {
    }

    /// <summary>
    /// Lets <see cref="OnDisconnected"/> be called when the server notices that the connection has ended. Called under the lock, before the request has ended, where
    /// nobody reads from the connection; an idle connection does without.
    /// </summary>
    protected void WatchRequest()
    {
        if (!_isWatching && !_isOver)
        {
            _isWatching = true;
            _watch = _context.RequestAborted.UnsafeRegister(static connection => ((RequestConnection)connection!).OnRequestAborted(), this);
        }
    }

    /// <summary>Asks the task of the request to act.</summary>
    protected void Ask(Work work)
    {
        if (Interlocked.Or(ref _work, (int)work) == (int)Work.Asleep)
        {
            _wake.SetResult(Work.None);
        }
    }

    /// <summary>The client is gone. Called under the lock.</summary>
    protected void SetGone()
    {
        if (IsGone)
        {
            return;
        }

        IsGone = true;
        CancelAborted();
        Wheel.Set(this, ApplicationCloseTimeout);
    }

    /// <summary>What sending does when the client is gone.</summary>
    protected ValueTask Gone() => ValueTask.FromException(new ClientGoneException(Aborted));

    Work IValueTaskSource<Work>.GetResult(short token)
    {
        _wake.GetResult(token);
        _wake.Reset();
        return (Work)Interlocked.Exchange(ref _work, (int)Work.None) & ~Work.Asleep;
    }

    ValueTaskSourceStatus IValueTaskSource<Work>.GetStatus(short token) => _wake.GetStatus(token);

    void IValueTaskSource<Work>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wake.OnCompleted(continuation, state, token, flags);

    private ValueTask<Work> NextWorkAsync() => Interlocked.CompareExchange(ref _work, (int)Work.Asleep, (int)Work.None) == (int)Work.None
        ? new(this, _wake.Version)
        : new((Work)Interlocked.Exchange(ref _work, (int)Work.None));

    private async Task RunAsync(IApplication application, Scope scope)
    {
        // An application may block its thread, and the task of the request must not wait for that.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await application.RunAsync(scope, this).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (IsGone)
        {
            // It has stopped because its client is gone.
        }
        catch (Exception exception)
        {
            Fail(exception);
        }

        if (TryFinish())
        {
            try
            {
                await FinishAsync().ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                BackgroundLog.Failed(Services.Logger, "The end of a connection", exception);
                Ask(Work.Abort);
            }

            Ask(Work.End);
        }
    }

    private void Fail(Exception exception)
    {
        lock (this)
        {
            if (!_isOver && OnFailed(exception))
            {
                _failure = ExceptionDispatchInfo.Capture(exception);
                return;
            }
        }

        RunningLog.ApplicationFailed(Services.Logger, Name, exception);
    }

    private bool TryFinish()
    {
        lock (this)
        {
            return _isFinishing = !_isOver;
        }
    }

    private async Task WriteNextAsync(Task before)
    {
        await before.ConfigureAwait(false);
        try
        {
            await WriteAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (EndOfConnection.Is(exception))
        {
            // The client has left before it got the response.
        }
        catch (Exception exception)
        {
            BackgroundLog.Failed(Services.Logger, "Writing a response", exception);
        }
    }

    private void OnRequestAborted() => BackgroundWork.Call(nameof(OnRequestAborted), Services.Logger, () =>
    {
        lock (this)
        {
            OnDisconnected();
        }
    });

    /// <summary>From here on nothing of this object uses the context.</summary>
    private void Over()
    {
        Wheel.Cancel(this);
        Request.End();
        lock (this)
        {
            (_isOver, IsGone) = (true, true);
            CancelAborted();
        }

        _watch.Dispose();
        OnOver();
    }

    /// <summary>Cancels <see cref="Aborted"/>. Called under the lock. The callbacks of the token are somebody else's code: they run on other threads.</summary>
    protected void CancelAborted()
    {
        _isCanceled = true;
        if (_aborted?.CancelAsync() is { IsCompletedSuccessfully: false } callbacks)
        {
            _ = BackgroundWork.Run("The callbacks of Scope.Aborted", Services.Logger, () => callbacks);
        }
    }
}
