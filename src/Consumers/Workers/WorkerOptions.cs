namespace ChannelsNet;

/// <summary>
/// How the worker of one channel works. The options have the channel's name: <c>services.Configure&lt;WorkerOptions&gt;("thumbnails", …)</c>, or
/// <c>ConfigureAll</c> for all workers of the host. Checked when the host starts, all faults at once.
/// </summary>
public sealed class WorkerOptions
{
    /// <summary>Far more than a process has use for, so that a slip of the pen is noticed.</summary>
    private const int Most = 10_000;

    /// <summary>
    /// The name of the layer from which the messages are taken. One whose general channels have one reader for each message: over publish and subscribe
    /// every worker would get every message, so that is refused. Default: "default".
    /// </summary>
    public string Layer { get; set; } = "default";

    /// <summary>
    /// How many messages this process handles at once; 1 to 10,000. With more than one they are begun in their order and end in any. Default: 1, which keeps
    /// the order.
    /// </summary>
    public int Concurrency { get; set; } = 1;

    /// <summary>
    /// How many more messages are taken before they can be handled, so that short work need not wait for the next one to be fetched. No other worker can
    /// have them, and they are lost if the process dies. 0 to 10,000. Default: 0.
    /// </summary>
    public int Prefetch { get; set; }

    /// <summary>Every fault of these options but an unknown layer, a sentence each.</summary>
    internal IEnumerable<string> Faults()
    {
        if (Concurrency is < 1 or > Most)
        {
            yield return $"{nameof(Concurrency)} is {Concurrency}; expected 1 to {Most}.";
        }

        if (Prefetch is < 0 or > Most)
        {
            yield return $"{nameof(Prefetch)} is {Prefetch}; expected 0 to {Most} messages.";
        }
    }
}
