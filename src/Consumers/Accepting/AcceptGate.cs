using ChannelsNet.Background;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Accepting;

/// <summary>
/// Is closed while the process has as many file descriptors open as it may, which only the program itself can cause. Without the gate,
/// Kestrel's listener would then try to accept in a loop, which takes a whole core, until a descriptor is free.
/// </summary>
internal sealed class AcceptGate : IDisposable
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    private readonly Func<bool> _isLimitReached;
    private readonly Action _onClosed;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private CancellationTokenSource _closed = new();
    private TaskCompletionSource<CancellationToken> _open = new();
    private bool _isClosed;
    private bool _isDisposed;

    /// <summary>Creates a gate that is open, and checks once a second whether it must be closed or can be opened.</summary>
    /// <param name="isLimitReached">Whether no file descriptor is free.</param>
    /// <param name="onClosed">Records that the gate was closed.</param>
    /// <param name="time">Says when a second has passed.</param>
    /// <param name="logger">Gets what a check throws.</param>
    public AcceptGate(Func<bool> isLimitReached, Action onClosed, TimeProvider time, ILogger logger)
    {
        _isLimitReached = isLimitReached;
        _onClosed = onClosed;
        _open.SetResult(_closed.Token);
        _timer = BackgroundWork.CreateTimer("The check for free file descriptors", logger, time, Check, _interval, _interval);
    }

    /// <summary>Ends when the gate is open.</summary>
    /// <returns>A token that is canceled when the gate is closed.</returns>
    public Task<CancellationToken> OpenAsync()
    {
        lock (_lock)
        {
            return _open.Task;
        }
    }

    /// <summary>Opens the gate for good.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_lock)
        {
            _isDisposed = true;
            Open();
        }
    }

    private void Check()
    {
        var isReached = _isLimitReached();
        CancellationTokenSource closed;
        lock (_lock)
        {
            if (_isDisposed || isReached == _isClosed)
            {
                return;
            }

            if (!isReached)
            {
                Open();
                return;
            }

            _isClosed = true;
            _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
            closed = _closed;
        }

        _onClosed();
        closed.Cancel();
    }

    private void Open()
    {
        if (_isClosed)
        {
            _isClosed = false;
            _closed = new CancellationTokenSource();
            _open.SetResult(_closed.Token);
        }
    }
}
