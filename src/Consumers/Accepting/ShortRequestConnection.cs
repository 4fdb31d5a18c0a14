namespace ChannelsNet.Accepting;

/// <summary>A feature of a connection that may serve only one short request, because few file descriptors are left.</summary>
/// <param name="Limit">How many file descriptors the process may open.</param>
internal sealed record ShortRequestConnection(int Limit)
{
    /// <summary>Gets how long a client that needs more than a short request should wait before it connects again.</summary>
    public static TimeSpan RetryAfter { get; } = TimeSpan.FromSeconds(10);
}
