namespace ChannelsNet.Telemetry;

/// <summary>Counts what is told in the log at most once in ten seconds.</summary>
internal sealed class QuietCount
{
    private static readonly TimeSpan _quiet = TimeSpan.FromSeconds(10);

    private long? _toldAt;
    private long _since;

    /// <summary>True if it is time for a line; then how many there were since the last.</summary>
    public bool Add(int count, TimeProvider time, out long since)
    {
        lock (this)
        {
            since = _since += count;
            if (_toldAt is { } at && time.GetElapsedTime(at) < _quiet)
            {
                return false;
            }

            _toldAt = time.GetTimestamp();
            _since = 0;
            return true;
        }
    }
}
