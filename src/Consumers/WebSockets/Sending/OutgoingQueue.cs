using ChannelsNet.InMemory;

namespace ChannelsNet.WebSockets.Sending;

/// <summary>The frames that wait for one client, in order. Not thread-safe.</summary>
internal struct OutgoingQueue
{
    private PooledQueue<Entry> _entries;

    public readonly int Count => _entries.Count;

    /// <summary>The length of all frames together.</summary>
    public long Bytes { get; private set; }

    /// <summary>The length of the first frame; there must be one.</summary>
    public int FirstLength => _entries[0].Frame.Length;

    public void Add(byte[] frame, object? kind)
    {
        _entries.Enqueue(new Entry(frame, kind));
        Bytes += frame.Length;
    }

    /// <summary>Takes the first frame; there must be one.</summary>
    public byte[] Take()
    {
        var frame = _entries.Dequeue().Frame;
        Bytes -= frame.Length;
        return frame;
    }

    /// <summary>Drops each frame after which one of the same kind waits, or comes now; how many.</summary>
    public int KeepLatest(object? coming)
    {
        HashSet<object> later = coming is null ? [] : [coming];
        var kept = new Stack<Entry>();
        for (var place = Count - 1; place >= 0; place--)
        {
            var entry = _entries[place];
            if (entry.Kind is null || later.Add(entry.Kind))
            {
                kept.Push(entry);
            }
        }

        var dropped = Count - kept.Count;
        if (dropped > 0)
        {
            Clear();
            while (kept.TryPop(out var entry))
            {
                Add(entry.Frame, entry.Kind);
            }
        }

        return dropped;
    }

    /// <summary>Drops everything; how many frames.</summary>
    public int Clear()
    {
        var count = Count;
        _entries.Clear();
        Bytes = 0;
        return count;
    }

    private readonly record struct Entry(byte[] Frame, object? Kind);
}
