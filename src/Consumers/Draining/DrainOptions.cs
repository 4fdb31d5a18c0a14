namespace ChannelsNet;

/// <summary>
/// How a host that stops lets its open connections go, set with <c>services.Configure&lt;DrainOptions&gt;(…)</c>: it says at once that it is not ready and
/// refuses new ones with 503; after <see cref="Delay"/> it closes the open ones, batch by batch, with 1012 and the time after which the client is to come
/// back; what waited for a client goes out before. Checked at start, all faults at once.
/// </summary>
/// <remarks>
/// All of it fits into <c>HostOptions.ShutdownTimeout</c> (30 seconds unless set): where the batches would take longer, they grow.
/// </remarks>
public sealed class DrainOptions
{
    /// <summary>
    /// How long open connections stay, and new ones are answered that they are refused, after the host has begun to say that it is not ready, so that the
    /// load balancer sends nobody new. Less than the shutdown timeout. Default: zero.
    /// </summary>
    public TimeSpan Delay { get; set; }

    /// <summary>How many connections are closed at once; at least 1. Default: 200.</summary>
    public int BatchSize { get; set; } = 200;

    /// <summary>How long after one batch the next is closed; zero for at once. Default: 250 milliseconds.</summary>
    public TimeSpan BatchInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Each client is told to come back after a time of its own between zero and this, so that they do not all come at once: the reason of the close is
    /// "The server restarts. Retry in 1234 ms." Default: 2 seconds.
    /// </summary>
    public TimeSpan RetryWithin { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Every fault of these options, a sentence each.</summary>
    internal IEnumerable<string> Faults(TimeSpan shutdownTimeout)
    {
        if (Delay < TimeSpan.Zero || Delay >= shutdownTimeout)
        {
            yield return $"{nameof(DrainOptions)}.{nameof(Delay)} is {Delay}; expected zero or more, and less than HostOptions.ShutdownTimeout, which is {shutdownTimeout}.";
        }

        if (BatchSize < 1)
        {
            yield return $"{nameof(DrainOptions)}.{nameof(BatchSize)} is {BatchSize}; expected 1 or more.";
        }

        foreach (var (name, value) in new[] { (nameof(BatchInterval), BatchInterval), (nameof(RetryWithin), RetryWithin) })
        {
            if (value < TimeSpan.Zero)
            {
                yield return $"{nameof(DrainOptions)}.{name} is {value}; expected zero or more.";
            }
        }
    }
}
