using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Hosting;

/// <summary>A clock that a test steps, and that knows how many timers wait for it.</summary>
internal sealed class TestClock : FakeTimeProvider
{
    private readonly Lock _lock = new();
    private readonly HashSet<Timer> _waiting = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Inner = base.CreateTimer(static timer => ((Timer)timer!).OnDue(), timer, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Ends when so many timers wait for the clock.</summary>
    public async Task WhenWaitedOnAsync(int count)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_waiting.Count >= count)
                {
                    return;
                }

                changed = _changed.Task;
            }

            await changed.ConfigureAwait(false);
        }
    }

    private void Set(Timer timer, bool isWaiting)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (isWaiting ? !_waiting.Add(timer) : !_waiting.Remove(timer))
            {
                return;
            }

            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.TrySetResult();
    }

    private sealed class Timer(TestClock clock, TimerCallback callback, object? state) : ITimer
    {
        private bool _isPeriodic;

        public ITimer? Inner { get; set; }

        public void OnDue()
        {
            if (!_isPeriodic)
            {
                clock.Set(this, false);
            }

            callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _isPeriodic = period > TimeSpan.Zero;
            clock.Set(this, dueTime >= TimeSpan.Zero);
            return Inner!.Change(dueTime, period);
        }

        public void Dispose()
        {
            clock.Set(this, false);
            Inner!.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
