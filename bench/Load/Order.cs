namespace ChannelsNet.Bench.Load;

/// <summary>Whether each subscriber gets each number once and in order, from the first that it gets.</summary>
internal sealed class Order(int subscribers)
{
    private readonly long[] _next = new long[subscribers];

    // The last 64 numbers before the next one, the latest in the lowest bit: 1 means that it has come.
    private readonly ulong[] _came = new ulong[subscribers];
    private long _lost;
    private long _twice;
    private long _late;

    public void Add(int subscriber, long number)
    {
        ref var next = ref _next[subscriber];
        ref var came = ref _came[subscriber];
        var ahead = number - next;
        if (ahead == 0 || came == 0)
        {
            came = (came << 1) | 1;
            next = number + 1;
        }
        else if (ahead > 0)
        {
            _lost += ahead;
            came = ahead >= 63 ? 1 : (came << ((int)ahead + 1)) | 1;
            next = number + 1;
        }
        else if (ahead >= -64 && (came >> (int)(-ahead - 1) & 1) == 0)
        {
            came |= 1UL << (int)(-ahead - 1);
            _late++;
            _lost--;
        }
        else
        {
            _twice++;
        }
    }

    /// <summary>What went wrong until now, when so many were sent; null when nothing did.</summary>
    public string? Fault(long sent)
    {
        var missing = _next.Sum(next => sent - next);
        var faults = new List<string>();
        Add(_lost, "lost");
        Add(missing, "not come at the end");
        Add(_twice, "twice");
        Add(_late, "out of order");
        return faults.Count == 0 ? null : string.Join(", ", faults);

        void Add(long count, string what)
        {
            if (count > 0)
            {
                faults.Add($"{count:N0} {what}");
            }
        }
    }
}
