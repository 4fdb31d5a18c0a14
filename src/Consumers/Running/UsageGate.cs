namespace ChannelsNet.Running;

/// <summary>Counts who uses something, so that it can be closed: from then on nobody begins to use it, and who does is waited for.</summary>
internal sealed class UsageGate
{
    private int _users;
    private bool _isClosed;
    private TaskCompletionSource? _unused;

    /// <returns>False if it is closed. If true, <see cref="Leave"/> must follow.</returns>
    public bool TryEnter()
    {
        lock (this)
        {
            if (!_isClosed)
            {
                _users++;
            }

            return !_isClosed;
        }
    }

    public void Leave()
    {
        lock (this)
        {
            if (--_users == 0)
            {
                _unused?.TrySetResult();
            }
        }
    }

    /// <summary>Completes when nobody uses it any more.</summary>
    public Task CloseAsync()
    {
        lock (this)
        {
            _isClosed = true;
            return _users == 0
                ? Task.CompletedTask
                : (_unused ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
