using System.Buffers;
using ChannelsNet.Background;
using ChannelsNet.Running;

namespace ChannelsNet.WebSockets.Sending;

/// <summary>
/// The frames for one client: messages in order, bounded in number and bytes, with pings and pongs between them and the close frame last. Adding never waits
/// for the client. One write takes everything that waits.
/// </summary>
/// <remarks>
/// Its states change under its lock, which is also that of its deadline:
/// <code>
/// Idle     nothing waits
/// Queued   frames wait for a thread; the first that calls TryBegin writes them: the dispatcher, the monitor, a flush, a sender that finds the queue full
/// Writing  one thread writes and does not wait
/// Waiting  the client is slower than the server; the deadline is set, and each part that the client takes moves it
/// Ended    the connection has ended; nothing is written any more
/// </code>
/// </remarks>
internal sealed class SendQueue(IOutput output, WebSocketRoute route, ISendQueueOwner owner, string connectionId, int deflateWindow)
    : TimingWheel.Deadline, IWorkItem, IWriteProgress
{
    /// <summary>A write gathers frames up to this many bytes; a longer frame is written alone.</summary>
    private const int LargestWrite = 64 * 1024;

    /// <summary>This many bytes of pongs wait at most, room for sixteen of the longest.</summary>
    private const int MaxPongBytes = 2048;

    /// <summary>This often a sender looks again while another thread writes what it finds full.</summary>
    private const int MaxSpins = 100;

    /// <summary>
    /// While a write is younger than this, twice as much may wait: the server's own threads and buffers need some time too, and a client is not slow yet.
    /// </summary>
    private static readonly TimeSpan _grace = TimeSpan.FromMilliseconds(100);

    private FrameQueue _queue;
    private byte[]? _pongs;
    private byte[]? _close;
    private State _state;
    private bool _hasPing;
    private bool _isWritingPing;
    private bool _isClosing;
    private bool _hasEnded;

    /// <summary>The number of the next frame; messages and the close frame are numbered.</summary>
    private long _next;
    private long _waitingSince;
    private Flush? _flushes;
    private TaskCompletionSource? _ended;

    private enum State : byte
    {
        Idle,
        Queued,
        Writing,
        Waiting,
        Ended,
    }

    /// <summary>How many messages wait, and how many bytes they have.</summary>
    public (int Messages, long Bytes) Queued
    {
        get
        {
            lock (this)
            {
                return (_queue.Count, _queue.Bytes);
            }
        }
    }

    private WebSocketConnectionOptions Options => route.Options;

    private TimingWheel Wheel => route.Services.Wheel;

    /// <summary>Whether the close frame is written or being written, or the connection has ended: nothing may follow.</summary>
    private bool HasClosed => _isClosing && _close is null;

    /// <summary>The number of the first frame that is not written yet. Not known while a write is under way.</summary>
    private long FirstUnwritten => _queue.Count > 0 ? _queue.FirstNumber : _close is null ? _next : _next - 1;

    /// <summary>Adds a message, unless the connection is closing. If there is no space, the policy of the route decides.</summary>
    /// <returns>False if there is no space and the connection is to be closed.</returns>
    public bool Add(WebSocketSend send)
    {
        var frame = send.FrameFor(deflateWindow);
        int? dropped;
        for (var wait = default(SpinWait); (dropped = TryAdd(frame, send.Kind, isLast: wait.Count == MaxSpins)) is null; wait.SpinOnce())
        {
        }

        if (dropped > 0)
        {
            route.SlowClients.Dropped(dropped.Value, route, connectionId);
        }

        return dropped == 0 || Options.WhenFull != WhenFull.Disconnect;
    }

    /// <summary>Adds a pong. If too many wait, only the last of them is written, as RFC 6455, 5.5.3 allows.</summary>
    public void AddPong(byte[] frame)
    {
        lock (this)
        {
            if (!HasClosed)
            {
                _pongs = _pongs is { } waiting && waiting.Length + frame.Length <= MaxPongBytes ? [.. waiting, .. frame] : frame;
                Wake();
            }
        }
    }

    public void AddPing()
    {
        lock (this)
        {
            if (!HasClosed)
            {
                _hasPing = true;
                Wake();
            }
        }
    }

    /// <summary>Adds the close frame behind everything; what is added later is dropped.</summary>
    public void AddClose(byte[] frame)
    {
        lock (this)
        {
            if (!_isClosing)
            {
                _isClosing = true;
                _close = frame;
                _next++;
                Wake();
            }
        }
    }

    /// <summary>The connection has ended: nothing is written after a write that is under way.</summary>
    public void End()
    {
        lock (this)
        {
            (_isClosing, _hasEnded) = (true, true);
            (_pongs, _hasPing, _close) = (null, false, null);
            _queue.Clear();
            CompleteFlushes();
            if (_state is State.Idle or State.Queued)
            {
                Stop();
            }
        }
    }

    /// <summary>Ends the queue, and waits for a write that is under way. The end of the connection ends that too.</summary>
    public Task EndAsync()
    {
        End();
        Wheel.Cancel(this);
        lock (this)
        {
            return _state == State.Ended
                ? Task.CompletedTask
                : (_ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Completes when everything that was added before has been written or dropped.</summary>
    public Task FlushAsync()
    {
        Task flushed;
        bool mustWrite;
        lock (this)
        {
            if (_hasEnded || _state == State.Idle)
            {
                return Task.CompletedTask;
            }

            flushed = (_flushes = new Flush(_next, _flushes)).Task;
            mustWrite = TryBegin();
        }

        if (mustWrite)
        {
            // The caller may block its thread until the flush completes, so this does not leave the writing to another turn of this thread.
            Write();
        }

        return flushed;
    }

    public void Execute()
    {
        bool mustWrite;
        lock (this)
        {
            mustWrite = TryBegin();
        }

        if (mustWrite)
        {
            Write();
        }
    }

    public void OnProgress()
    {
        lock (this)
        {
            if (_state == State.Waiting)
            {
                Wait();
            }
        }
    }

    /// <summary>The client has taken nothing for too long.</summary>
    protected internal override void OnDue()
    {
        if (_state == State.Waiting)
        {
            // The owner has a lock of its own, under which it calls this object.
            BackgroundWork.Queue(nameof(SendQueue), route.Services.Logger, () => owner.OnWriteFailed(null));
        }
    }

    /// <summary>Adds a message if that can be decided now.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="kind">The kind; null for none.</param>
    /// <param name="isLast">Whether it must be decided now.</param>
    /// <returns>How many messages were dropped; null if the caller has to try again.</returns>
    private int? TryAdd(byte[] frame, object? kind, bool isLast)
    {
        lock (this)
        {
            if (_isClosing)
            {
                return 0;
            }

            var isFull = !HasSpace(frame.Length);
            if (!isFull || isLast || _state == State.Waiting)
            {
                return AddOrDrop(frame, kind, isFull);
            }

            if (!TryBegin())
            {
                // In a moment the thread that writes has made space, or waits for the client.
                return null;
            }
        }

        // It is full because nobody has begun to write, so the client is not to blame.
        Write();
        return null;
    }

    private int AddOrDrop(byte[] frame, object? kind, bool isFull)
    {
        var dropped = 0;
        if (isFull)
        {
            switch (Options.WhenFull)
            {
                case WhenFull.Disconnect:
                    return _queue.Clear() + 1;
                case WhenFull.DropNewest:
                    return 1;
                case WhenFull.KeepLatest:
                    dropped = _queue.Conflate();
                    break;
            }
        }

        dropped += _queue.Add(frame, _next++, kind);
        for (; _queue.Count > 1 && !IsWithinLimits(_queue.Count, _queue.Bytes); dropped++)
        {
            _queue.Take();
        }

        Wake();
        return dropped;
    }

    private bool HasSpace(int length) => _queue.Count == 0 || IsWithinLimits(_queue.Count + 1, _queue.Bytes + length);

    private bool IsWithinLimits(int count, long bytes)
    {
        var factor = _state == State.Waiting && route.Services.Time.GetElapsedTime(_waitingSince) < _grace ? 2 : 1;
        return count <= Options.MaxQueuedMessages * (long)factor && bytes / factor <= Options.MaxQueuedBytes;
    }

    private void Wake()
    {
        if (_state == State.Idle)
        {
            _state = State.Queued;
            route.Services.Dispatcher.AddSendQueue(this);
        }
    }

    /// <summary>Called under the lock. True if the caller has to write now.</summary>
    private bool TryBegin()
    {
        if (_state != State.Queued)
        {
            return false;
        }

        _state = State.Writing;
        return true;
    }

    /// <summary>Writes everything that waits. Called in the state Writing.</summary>
    private void Write()
    {
        try
        {
            while (TryGather(out var bytes, out var rented, out var messages))
            {
                route.Meter.Sent(route, messages, bytes.Length);
                var writing = output.WriteAsync(bytes, this);
                if (!writing.IsCompletedSuccessfully)
                {
                    lock (this)
                    {
                        _state = State.Waiting;
                        Wait();
                    }

                    _ = FinishAsync(writing, rented);
                    return;
                }

                Return(rented);
            }
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    private async Task FinishAsync(ValueTask writing, byte[]? rented)
    {
        try
        {
            await writing.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Fail(exception);
            return;
        }

        Return(rented);
        lock (this)
        {
            Wheel.Clear(this);
            _state = State.Writing;
        }

        Write();
    }

    private void Fail(Exception exception)
    {
        End();
        lock (this)
        {
            Wheel.Clear(this);
            Stop();
        }

        owner.OnWriteFailed(exception);
    }

    /// <summary>Called under the lock: the client has a while to take something.</summary>
    private void Wait()
    {
        _waitingSince = route.Services.Time.GetTimestamp();
        Wheel.Set(this, Options.WriteTimeout);
    }

    /// <summary>Called under the lock when no write is under way.</summary>
    private void Stop()
    {
        _state = State.Ended;
        _ended?.TrySetResult();
    }

    /// <summary>Takes what is to be written next. If there is nothing, the queue becomes idle.</summary>
    private bool TryGather(out ReadOnlyMemory<byte> bytes, out byte[]? rented, out int messages)
    {
        rented = null;
        bool wasPing;
        lock (this)
        {
            // What was taken before is written by now.
            CompleteFlushes();
            wasPing = _isWritingPing;
            _isWritingPing = false;
            messages = _queue.Count;
            bytes = TakeNext();
            messages -= _queue.Count;
            if (bytes.Length > 0)
            {
                Gather(ref bytes, ref rented, ref messages);
            }
            else if (_hasEnded)
            {
                Stop();
            }
            else
            {
                _state = State.Idle;
            }
        }

        if (wasPing)
        {
            owner.OnPingSent();
        }

        return bytes.Length > 0;
    }

    private ReadOnlyMemory<byte> TakeNext()
    {
        if (_pongs is { } pongs)
        {
            _pongs = null;
            return pongs;
        }

        if (_hasPing)
        {
            (_hasPing, _isWritingPing) = (false, true);
            return WebSocketFrames.Ping;
        }

        if (_queue.Count > 0)
        {
            return _queue.Take();
        }

        var close = _close;
        _close = null;
        return close;
    }

    /// <summary>Adds messages to what is written, as many as fit.</summary>
    private void Gather(ref ReadOnlyMemory<byte> bytes, ref byte[]? rented, ref int messages)
    {
        if (_queue.Count == 0 || bytes.Length + _queue.FirstLength > LargestWrite)
        {
            return;
        }

        rented = ArrayPool<byte>.Shared.Rent((int)Math.Min(LargestWrite, bytes.Length + _queue.Bytes));
        bytes.CopyTo(rented);
        var length = bytes.Length;
        while (_queue.Count > 0 && length + _queue.FirstLength <= rented.Length)
        {
            var frame = _queue.Take();
            frame.CopyTo(rented, length);
            length += frame.Length;
            messages++;
        }

        bytes = rented.AsMemory(0, length);
    }

    /// <summary>Called under the lock when no write is under way, or when nothing will be written any more.</summary>
    private void CompleteFlushes()
    {
        var written = _hasEnded ? long.MaxValue : FirstUnwritten;
        for (ref var flush = ref _flushes; flush is not null; flush = ref flush.Next)
        {
            if (flush.Target <= written)
            {
                // Those behind it have a lower target.
                for (var next = flush; next is not null; next = next.Next)
                {
                    next.TrySetResult();
                }

                flush = null;
                return;
            }
        }
    }

    private static void Return(byte[]? rented)
    {
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Somebody who waits until every frame below a number is written.</summary>
    private sealed class Flush(long target, Flush? next) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Target => target;

        public Flush? Next = next;
    }
}

/// <summary>Is notified of what becomes of the frames in a <see cref="SendQueue"/>. Called without the lock of the queue.</summary>
internal interface ISendQueueOwner
{
    /// <summary>A ping has left.</summary>
    void OnPingSent();

    /// <summary>Nothing more can be written.</summary>
    /// <param name="exception">What a write has thrown; null if the client has taken nothing for <see cref="WebSocketConnectionOptions.WriteTimeout"/>.</param>
    void OnWriteFailed(Exception? exception);
}
