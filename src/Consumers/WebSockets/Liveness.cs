namespace ChannelsNet.WebSockets;

/// <summary>Whether a client lives: whatever it sends shows that it does, and after a silence it is asked by a ping.</summary>
internal struct Liveness
{
    private long _heardAt;
    private long _heardBeforePing;
    private long _pingedAt;
    private bool _hasPinged;

    /// <summary>Something has come.</summary>
    public void Heard(TimeProvider time) => Volatile.Write(ref _heardAt, time.GetTimestamp());

    /// <summary>Looks at it.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="options">How long a client may be silent.</param>
    /// <param name="isReading">Whether the client would be heard; if not, it is not asked.</param>
    /// <param name="ping">Whether it is to be pinged now.</param>
    /// <returns>After what time to look again; null if the client is gone.</returns>
    public TimeSpan? Check(TimeProvider time, WebSocketConnectionOptions options, bool isReading, out bool ping)
    {
        ping = false;
        if (!isReading)
        {
            _hasPinged = false;
            return options.PingInterval;
        }

        var heardAt = Volatile.Read(ref _heardAt);
        if (_hasPinged && heardAt == _heardBeforePing)
        {
            var left = options.PingTimeout - time.GetElapsedTime(_pingedAt);
            return left > TimeSpan.Zero ? left : null;
        }

        var silence = time.GetElapsedTime(heardAt);
        _hasPinged = ping = silence >= options.PingInterval;
        if (!ping)
        {
            return options.PingInterval - silence;
        }

        (_heardBeforePing, _pingedAt) = (heardAt, time.GetTimestamp());
        return options.PingInterval < options.PingTimeout ? options.PingInterval : options.PingTimeout;
    }
}
