namespace ChannelsNet.Redis.Queues;

/// <summary>
/// The times by which queues are sorted: Unix seconds, as channels_redis writes them, never the same twice and never going back, so that
/// the messages of this process keep their order.
/// </summary>
internal sealed class QueueClock(TimeProvider time)
{
    private double _last;

    public double Now => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    public double Next()
    {
        while (true)
        {
            var last = Volatile.Read(ref _last);
            var next = Math.Max(Now, Math.BitIncrement(last));
            if (Interlocked.CompareExchange(ref _last, next, last) == last)
            {
                return next;
            }
        }
    }
}
