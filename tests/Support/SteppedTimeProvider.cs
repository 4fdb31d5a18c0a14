using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Support;

/// <summary>A fake clock that also tells when somebody has begun to wait on it, so that a test steps it at the right moment.</summary>
public sealed class SteppedTimeProvider(DateTimeOffset start) : FakeTimeProvider(start)
{
    private readonly SemaphoreSlim _waits = new(0);

    /// <summary>Ends when a timer has been made that no earlier call has counted.</summary>
    public async Task WhenWaitedOnAsync() => Assert(await _waits.WaitAsync(TimeSpan.FromSeconds(10)));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _waits.Release();
        return timer;
    }

    private static void Assert(bool waited)
    {
        if (!waited)
        {
            throw new TimeoutException("Nobody has begun to wait on the clock.");
        }
    }
}
