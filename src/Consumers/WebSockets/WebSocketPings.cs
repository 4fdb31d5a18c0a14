using ChannelsNet.WebSockets.Sending;

namespace ChannelsNet.WebSockets;

/// <summary>Pings a client that has been silent, and notices that it is gone. Whatever the client sends shows that it lives.</summary>
internal sealed class WebSocketPings(WebSocketStream stream, Outbox outbox, WebSocketConnectionOptions options)
{
    private bool _hasPinged;
    private long _heardBefore;
    private TimeSpan _silenceBefore;

    /// <summary>Looks whether the client lives.</summary>
    /// <param name="isReading">Whether it would be heard; while its message is handled it is not, and so is not asked.</param>
    /// <returns>After what time to look again; null if it is gone.</returns>
    public TimeSpan? Check(bool isReading)
    {
        if (!isReading)
        {
            _hasPinged = false;
            return options.PingInterval;
        }

        var silence = stream.Silence;
        if (_hasPinged && stream.HeardAt == _heardBefore)
        {
            var left = options.PingTimeout - (silence - _silenceBefore);
            return left > TimeSpan.Zero ? left : null;
        }

        _hasPinged = silence >= options.PingInterval;
        if (!_hasPinged)
        {
            return options.PingInterval - silence;
        }

        (_heardBefore, _silenceBefore) = (stream.HeardAt, silence);
        outbox.AddPing();
        return options.PingInterval < options.PingTimeout ? options.PingInterval : options.PingTimeout;
    }
}
