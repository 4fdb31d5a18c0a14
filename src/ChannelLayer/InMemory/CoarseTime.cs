namespace ChannelsNet.InMemory;

/// <summary>
/// The system's time in steps of some milliseconds. Each message is stamped and looked at once, and the exact time costs as much as putting
/// it into its mailbox.
/// </summary>
internal sealed class CoarseTime : TimeProvider
{
    private static readonly CoarseTime _instance = new();

    private CoarseTime()
    {
    }

    public override long TimestampFrequency => 1000;

    /// <summary>Any other time, such as a test's, stays what it is.</summary>
    public static TimeProvider Of(TimeProvider time) => time == System ? _instance : time;

    public override long GetTimestamp() => Environment.TickCount64;
}
