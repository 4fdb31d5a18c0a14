namespace ChannelsNet.WebSockets;

/// <summary>
/// Decides when a silent client is pinged and when it is gone. Pings go out at every <see cref="WebSocketConnectionOptions.PingInterval"/> of silence, whatever
/// the consumer does, because a proxy closes what is silent. A client is gone when it has sent nothing for <see cref="WebSocketConnectionOptions.PingTimeout"/>
/// since a ping has left, and the server has been reading.
/// </summary>
internal struct KeepAlive
{
    private long _activeAt;
    private long _pingedAt;

    /// <summary>When the first ping has left that nothing has followed; 0 for none.</summary>
    private long _unansweredSince;

    /// <summary>The client has sent something.</summary>
    public void OnActivity(TimeProvider time)
    {
        Volatile.Write(ref _activeAt, time.GetTimestamp());
        Volatile.Write(ref _unansweredSince, 0);
    }

    /// <summary>A ping has left. Until then the client can't answer it.</summary>
    public void OnPingSent(TimeProvider time)
    {
        // The answer may have come before the end of the write was noticed.
        if (Volatile.Read(ref _activeAt) < Volatile.Read(ref _pingedAt))
        {
            Interlocked.CompareExchange(ref _unansweredSince, time.GetTimestamp(), 0);
        }
    }

    /// <summary>Checks the client.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="options">How long a client may be silent.</param>
    /// <param name="isReading">Whether the server reads from the client; if not, its answer may be waiting.</param>
    /// <param name="ping">Whether to ping it now.</param>
    /// <returns>After what time to check again; null if the client is gone.</returns>
    public TimeSpan? Check(TimeProvider time, WebSocketConnectionOptions options, bool isReading, out bool ping)
    {
        ping = false;
        var untilNext = options.PingInterval;
        if (Volatile.Read(ref _unansweredSince) is not 0 and var since)
        {
            if (!isReading)
            {
                Interlocked.CompareExchange(ref _unansweredSince, time.GetTimestamp(), since);
            }
            else if (Left(time, since, options.PingTimeout) is { } left)
            {
                untilNext = Min(untilNext, left);
            }
            else
            {
                return null;
            }
        }

        if (Left(time, Math.Max(Volatile.Read(ref _activeAt), _pingedAt), options.PingInterval) is { } silent)
        {
            return Min(untilNext, silent);
        }

        ping = true;
        Volatile.Write(ref _pingedAt, time.GetTimestamp());
        return Min(untilNext, options.PingTimeout);
    }

    /// <summary>How much of a time is left since a moment; null for nothing.</summary>
    private static TimeSpan? Left(TimeProvider time, long since, TimeSpan whole) =>
        whole - time.GetElapsedTime(since) is var left && left > TimeSpan.Zero ? left : null;

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
