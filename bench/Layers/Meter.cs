using System.Diagnostics;

namespace ChannelsNet.Bench.Layers;

/// <summary>Counts what is done from the warm-up's end to the end.</summary>
internal sealed class Meter
{
    private static readonly TimeSpan _warmUp = TimeSpan.FromSeconds(0.3);

    private readonly long _start = Stopwatch.GetTimestamp() + (long)(_warmUp.TotalSeconds * Stopwatch.Frequency);
    private readonly long _end;
    private readonly double _seconds;
    private long _count;

    public Meter(double seconds)
    {
        _seconds = seconds;
        _end = _start + (long)(seconds * Stopwatch.Frequency);
    }

    public bool IsRunning => Stopwatch.GetTimestamp() < _end;

    public double Rate => Interlocked.Read(ref _count) / _seconds;

    public void Add()
    {
        var now = Stopwatch.GetTimestamp();
        if (now >= _start && now < _end)
        {
            Interlocked.Increment(ref _count);
        }
    }
}
