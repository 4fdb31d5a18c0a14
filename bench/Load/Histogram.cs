using System.Diagnostics;
using System.Numerics;

namespace ChannelsNet.Bench.Load;

/// <summary>How long things took, in steps of 3 percent.</summary>
internal sealed class Histogram
{
    // 32 steps for each power of two.
    private readonly long[] _counts = new long[64 * 32];
    private long _count;

    public void Add(long ticks)
    {
        _counts[Step(Math.Max(ticks, 1))]++;
        _count++;
    }

    /// <summary>Milliseconds that this share of all took at most.</summary>
    public double Milliseconds(double share)
    {
        var left = (long)Math.Ceiling(_count * share);
        for (var step = 0; step < _counts.Length; step++)
        {
            left -= _counts[step];
            if (left <= 0 && _count > 0)
            {
                return Ticks(step) * 1000 / Stopwatch.Frequency;
            }
        }

        return 0;
    }

    private static int Step(long ticks)
    {
        var power = BitOperations.Log2((ulong)ticks);
        return (power * 32) + (int)((power >= 5 ? ticks >> (power - 5) : ticks << (5 - power)) & 31);
    }

    private static double Ticks(int step) => Math.ScaleB(1 + (((step & 31) + 0.5) / 32), step / 32);
}
