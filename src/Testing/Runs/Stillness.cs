namespace ChannelsNet.Runs;

/// <summary>
/// Knows whether anything is being done in the applications of a test: it counts what has something to do. Who gives another something to do lets it
/// begin before it ends itself, so that the count is zero only when nothing more will come of what has been done.
/// </summary>
internal sealed class Stillness
{
    private readonly Lock _lock = new();
    private int _busy;
    private TaskCompletionSource? _still;

    public bool IsStill
    {
        get
        {
            lock (_lock)
            {
                return _busy == 0;
            }
        }
    }

    public void Begin()
    {
        lock (_lock)
        {
            _busy++;
        }
    }

    public void End()
    {
        TaskCompletionSource? still = null;
        lock (_lock)
        {
            if (--_busy == 0)
            {
                (still, _still) = (_still, null);
            }
        }

        still?.TrySetResult();
    }

    /// <summary>Ends when nothing is being done, which need not be so any more when the caller goes on.</summary>
    public Task WhenStillAsync()
    {
        lock (_lock)
        {
            return _busy == 0
                ? Task.CompletedTask
                : (_still ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
