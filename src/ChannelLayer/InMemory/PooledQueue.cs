using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace ChannelsNet.InMemory;

/// <summary>
/// Items in order, of which most often there is one or none: the first is held here, those behind it in an array of the shared pool. An empty queue
/// holds no array. Not thread-safe.
/// </summary>
internal struct PooledQueue<T>
{
    private const int SmallestRing = 8;

    private T? _head;
    private T[]? _ring;
    private int _start;

    public int Count { get; private set; }

    /// <summary>The item at a place, 0 for the first.</summary>
    [UnscopedRef]
    public ref T this[int place] => ref place == 0 ? ref _head! : ref _ring![(_start + place - 1) & (_ring.Length - 1)];

    public void Enqueue(T item)
    {
        if (Count > 0 && (_ring is null || Count - 1 == _ring.Length))
        {
            Grow();
        }

        Count++;
        this[Count - 1] = item;
    }

    public T Dequeue()
    {
        var item = _head!;
        if (--Count == 0)
        {
            _head = default;
            return item;
        }

        ref var next = ref _ring![_start];
        _head = next;
        Forget(ref next);
        _start = (_start + 1) & (_ring.Length - 1);
        if (Count == 1)
        {
            Release();
        }

        return item;
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        for (var place = 0; place < Count; place++)
        {
            Forget(ref this[place]);
        }

        Count = 0;
        if (_ring is not null)
        {
            Release();
        }
    }

    /// <summary>The pool's arrays have lengths that are powers of two.</summary>
    private void Grow()
    {
        var larger = ArrayPool<T>.Shared.Rent(Math.Max(SmallestRing, Count * 2));
        for (var place = 1; place < Count; place++)
        {
            larger[place - 1] = this[place];
            Forget(ref this[place]);
        }

        if (_ring is not null)
        {
            ArrayPool<T>.Shared.Return(_ring);
        }

        (_ring, _start) = (larger, 0);
    }

    private void Release()
    {
        ArrayPool<T>.Shared.Return(_ring!);
        (_ring, _start) = (null, 0);
    }

    /// <summary>What is in an array of the pool is not to keep anything alive.</summary>
    private static void Forget(ref T item)
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            item = default!;
        }
    }
}
