using System.Threading.RateLimiting;

namespace ChannelsNet.WebSockets.Limits;

/// <summary>How many messages and pings one client may send in a second; there is one only where that is limited.</summary>
internal sealed class MessageRate : IDisposable
{
    private readonly TokenBucketRateLimiter _bucket;

    private MessageRate(int mostPerSecond, int burst) => _bucket = new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
    {
        TokenLimit = burst,
        TokensPerPeriod = 1,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1) / mostPerSecond,

        // It would have a timer of its own; a message is soon enough to look at the time.
        AutoReplenishment = false,
    });

    /// <summary>That of a new connection; null if the options set none.</summary>
    public static MessageRate? Of(WebSocketConnectionOptions options) =>
        options.MaxMessagesPerSecond is { } most ? new MessageRate(most, options.MessageBurst ?? most) : null;

    /// <summary>Counts one more; false if it is one too many.</summary>
    public bool TryTake()
    {
        _bucket.TryReplenish();
        using var lease = _bucket.AttemptAcquire();
        return lease.IsAcquired;
    }

    public void Dispose() => _bucket.Dispose();
}
