using System.Diagnostics;

namespace ChannelsNet.Bench.Load;

/// <summary>Counts from the warm-up's end to the end, and what processor time went by meanwhile.</summary>
internal sealed class Measurement(LoadJob job)
{
    private readonly Histogram _times = new();
    private long _start;
    private long _end;
    private long _last;
    private long _count;
    private bool _stoodStill;
    private double _serverSeconds;
    private TimeSpan _loadTime;

    /// <summary>Whether the warm-up is over.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>Runs the turns of a work: first its warm-up, then what counts. Ends early when nothing is done any more.</summary>
    /// <param name="turn">One turn.</param>
    /// <param name="between">What is done when the warm-up is over.</param>
    public void Run(Action turn, Action? between = null)
    {
        _last = Stopwatch.GetTimestamp();
        RunUntil(_last + Ticks(job.WarmUp), turn);
        between?.Invoke();
        _last = Stopwatch.GetTimestamp();
        _serverSeconds = Processes.Seconds(job.Processes);
        _loadTime = Environment.CpuUsage.TotalTime;
        _start = Stopwatch.GetTimestamp();
        IsRunning = true;
        RunUntil(_start + Ticks(job.Seconds), turn);
        IsRunning = false;
        _end = Stopwatch.GetTimestamp();
        _serverSeconds = Processes.Seconds(job.Processes) - _serverSeconds;
        _loadTime = Environment.CpuUsage.TotalTime - _loadTime;
    }

    /// <summary>One is done that was begun then.</summary>
    public void Add(long begun, long now)
    {
        _last = now;
        if (IsRunning)
        {
            _count++;
            _times.Add(now - begun);
        }
    }

    /// <summary>What was measured, and what the work found wrong.</summary>
    public LoadResult Result(string? fault)
    {
        var seconds = Math.Max(_end - _start, 1) / (double)Stopwatch.Frequency;
        return new LoadResult
        {
            Rate = _count / seconds,
            P50 = _times.Milliseconds(0.5),
            P99 = _times.Milliseconds(0.99),
            Count = _count,
            ServerMicroseconds = _count == 0 ? 0 : _serverSeconds * 1e6 / _count,
            ServerShare = _serverSeconds / seconds,
            LoadShare = _loadTime.TotalSeconds / seconds,
            Fault = _stoodStill ? $"stood still {fault}".TrimEnd() : fault,
        };
    }

    private void RunUntil(long end, Action turn)
    {
        long now;
        while (!_stoodStill && (now = Stopwatch.GetTimestamp()) < end)
        {
            turn();
            _stoodStill = now - _last > Ticks(5);
        }
    }

    private static long Ticks(double seconds) => (long)(seconds * Stopwatch.Frequency);
}
