using System.Buffers;

namespace ChannelsNet.WebSockets.Sending;

/// <summary>The frames that wait for one client, in order. It holds no memory while it is empty. Not thread-safe.</summary>
internal struct OutgoingQueue
{
    private const int SmallestRing = 16;

    private Entry[]? _ring;
    private int _first;

    public int Count { get; private set; }

    /// <summary>The length of all frames together.</summary>
    public long Bytes { get; private set; }

    /// <summary>The length of the first frame; there must be one.</summary>
    public readonly int FirstLength => _ring![_first].Frame.Length;

    public void Add(byte[] frame, object? kind)
    {
        if (_ring is null || Count == _ring.Length)
        {
            Grow();
        }

        At(Count) = new Entry(frame, kind);
        Count++;
        Bytes += frame.Length;
    }

    /// <summary>Takes the first frame; there must be one.</summary>
    public byte[] Take()
    {
        var frame = At(0).Frame;
        At(0) = default;
        _first = (_first + 1) & (_ring!.Length - 1);
        Count--;
        Bytes -= frame.Length;
        ReleaseIfEmpty();
        return frame;
    }

    /// <summary>Drops each frame after which one of the same kind waits, or comes now; how many.</summary>
    public int KeepLatest(object? coming)
    {
        HashSet<object> later = coming is null ? [] : [coming];
        var kept = Count;
        for (var i = Count - 1; i >= 0; i--)
        {
            // What stays moves up to the end, over what goes.
            var entry = At(i);
            if (entry.Kind is null || later.Add(entry.Kind))
            {
                At(--kept) = entry;
            }
            else
            {
                Bytes -= entry.Frame.Length;
            }
        }

        for (var i = 0; i < kept; i++)
        {
            At(i) = default;
        }

        _first = _ring is null ? 0 : (_first + kept) & (_ring.Length - 1);
        Count -= kept;
        ReleaseIfEmpty();
        return kept;
    }

    /// <summary>Drops everything; how many frames.</summary>
    public int Clear()
    {
        var count = Count;
        for (var i = 0; i < count; i++)
        {
            At(i) = default;
        }

        (Count, Bytes) = (0, 0);
        ReleaseIfEmpty();
        return count;
    }

    private readonly ref Entry At(int place) => ref _ring![(_first + place) & (_ring.Length - 1)];

    /// <summary>The pool's arrays have lengths that are powers of two.</summary>
    private void Grow()
    {
        var larger = ArrayPool<Entry>.Shared.Rent(Math.Max(SmallestRing, Count * 2));
        for (var i = 0; i < Count; i++)
        {
            larger[i] = At(i);
            At(i) = default;
        }

        if (_ring is not null)
        {
            ArrayPool<Entry>.Shared.Return(_ring);
        }

        (_ring, _first) = (larger, 0);
    }

    private void ReleaseIfEmpty()
    {
        if (Count == 0 && _ring is { } ring)
        {
            (_ring, _first) = (null, 0);
            ArrayPool<Entry>.Shared.Return(ring);
        }
    }

    private readonly record struct Entry(byte[] Frame, object? Kind);
}
