using System.Runtime.InteropServices;
using ChannelsNet.InMemory;

namespace ChannelsNet.WebSockets.Sending;

/// <summary>The frames that wait for one client, in order, each with a number that grows. Not thread-safe.</summary>
/// <remarks>
/// While it conflates, an entry that a later one of its kind has replaced stays in place without a frame, so that adding and replacing cost the same
/// however much waits. Such gaps are never more than the frames and a few, and never first.
/// </remarks>
internal struct FrameQueue
{
    /// <summary>This many gaps are not worth closing.</summary>
    private const int FewGaps = 16;

    private PooledQueue<Entry> _entries;
    private int _gaps;

    /// <summary>How many entries have been taken since the kinds are tracked: place + this = the number under which an entry is found in <see cref="_latest"/>.</summary>
    private long _taken;

    /// <summary>The last entry of each kind; null while it does not conflate.</summary>
    private Dictionary<object, long>? _latest;

    /// <summary>How many frames wait.</summary>
    public readonly int Count => _entries.Count - _gaps;

    /// <summary>How many places are taken, gaps included.</summary>
    public readonly int Slots => _entries.Count;

    /// <summary>The length of all frames together.</summary>
    public long Bytes { get; private set; }

    /// <summary>The length of the first frame; there must be one.</summary>
    public int FirstLength => _entries[0].Frame!.Length;

    /// <summary>The number of the first frame; there must be one.</summary>
    public long FirstNumber => _entries[0].Number;

    /// <summary>Adds a frame.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="number">Its number.</param>
    /// <param name="kind">The kind; null for none.</param>
    /// <returns>How many frames it has replaced.</returns>
    public int Add(byte[] frame, long number, object? kind)
    {
        var replaced = 0;
        if (_latest is not null && kind is not null)
        {
            ref var latest = ref CollectionsMarshal.GetValueRefOrAddDefault(_latest, kind, out var exists);
            if (exists)
            {
                Remove((int)(latest - _taken));
                replaced = 1;
            }

            latest = _taken + _entries.Count;
        }

        _entries.Enqueue(new Entry(frame, number, kind));
        Bytes += frame.Length;
        TrimGaps();
        return replaced;
    }

    /// <summary>Takes the first frame; there must be one.</summary>
    public byte[] Take()
    {
        var (frame, _, kind) = _entries.Dequeue();
        Bytes -= frame!.Length;
        if (_latest is not null)
        {
            if (kind is not null && _latest.TryGetValue(kind, out var latest) && latest == _taken)
            {
                _latest.Remove(kind);
            }

            _taken++;
            TrimGaps();
        }

        return frame;
    }

    /// <summary>
    /// Removes every frame after which one of the same kind waits. From now on a frame that is added replaces the one of its kind, until the queue is empty.
    /// </summary>
    /// <returns>How many frames were removed.</returns>
    public int Conflate()
    {
        if (_latest is not null)
        {
            return 0;
        }

        var before = Count;
        (_latest, _taken) = ([], 0);
        for (var place = 0; place < _entries.Count; place++)
        {
            if (_entries[place].Kind is { } kind)
            {
                if (_latest.TryGetValue(kind, out var earlier))
                {
                    Remove((int)earlier);
                }

                _latest[kind] = place;
            }
        }

        TrimGaps();
        return before - Count;
    }

    /// <summary>Removes everything.</summary>
    /// <returns>How many frames were removed.</returns>
    public int Clear()
    {
        var count = Count;
        _entries.Clear();
        this = default;
        return count;
    }

    private void Remove(int place)
    {
        ref var entry = ref _entries[place];
        Bytes -= entry.Frame!.Length;
        entry = default;
        _gaps++;
    }

    private void TrimGaps()
    {
        while (_gaps > 0 && _entries[0].Frame is null)
        {
            _entries.Dequeue();
            _gaps--;
            _taken++;
        }

        if (_gaps > Count + FewGaps)
        {
            Close();
        }

        if (_entries.Count == 0)
        {
            _latest = null;
        }
    }

    /// <summary>Moves the frames together.</summary>
    private void Close()
    {
        for (var count = _entries.Count; count > 0; count--)
        {
            var entry = _entries.Dequeue();
            _taken++;
            if (entry.Frame is not null)
            {
                if (entry.Kind is not null)
                {
                    _latest![entry.Kind] = _taken + _entries.Count;
                }

                _entries.Enqueue(entry);
            }
        }

        _gaps = 0;
    }

    private readonly record struct Entry(byte[]? Frame, long Number, object? Kind);
}
