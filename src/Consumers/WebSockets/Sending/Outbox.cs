using System.Buffers;
using ChannelsNet.Running;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.WebSockets.Sending;

/// <summary>
/// What goes to one client: messages in order, bounded in number and bytes, with pings and pongs between them and the close frame behind them. Whoever
/// adds something never waits; a turn writes all that is there in one write.
/// </summary>
internal sealed class Outbox(IOutput output, WebSocketRoute route, HttpContext context, int deflateWindow) : ITurn
{
    /// <summary>A write gathers frames up to this many bytes; a longer frame is written by itself.</summary>
    private const int LargestWrite = 64 * 1024;

    /// <summary>So many bytes of pongs wait at most; there is room for sixteen of the longest.</summary>
    private const int MostPongs = 2048;

    private OutgoingQueue _queue;
    private byte[]? _pongs;
    private byte[]? _close;
    private bool _hasPing;
    private bool _isClosing;
    private bool _isBusy;
    private TaskCompletionSource? _flushed;

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

    /// <summary>The close frame is written or being written, or the connection has ended: nothing may follow.</summary>
    private bool HasClosed => _isClosing && _close is null;

    /// <summary>Adds a message, unless the connection is closing; if there is no space, does what the route says.</summary>
    /// <returns>False if there is no space and the connection is to be closed.</returns>
    public bool Add(WebSocketSend send)
    {
        var frame = send.FrameFor(deflateWindow);
        var dropped = 0;
        lock (this)
        {
            if (_isClosing)
            {
                return true;
            }

            if (HasSpace(frame.Length) || TryMakeSpace(frame.Length, send.Kind, ref dropped))
            {
                _queue.Add(frame, send.Kind);
                Wake();
            }
            else
            {
                dropped++;
            }
        }

        if (dropped > 0)
        {
            route.SlowClients.Dropped(dropped, route, context.Connection.Id);
        }

        return dropped == 0 || route.Options.WhenFull != WhenFull.Disconnect;
    }

    /// <summary>Adds a pong. If too many wait, only the last of them is written, as RFC 6455, 5.5.3 allows.</summary>
    public void AddPong(byte[] frame)
    {
        lock (this)
        {
            if (!HasClosed)
            {
                _pongs = _pongs is { } waiting && waiting.Length + frame.Length <= MostPongs ? [.. waiting, .. frame] : frame;
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

    /// <summary>Adds a close frame behind everything; what is added later goes nowhere.</summary>
    public void AddClose(byte[] frame)
    {
        lock (this)
        {
            if (!_isClosing)
            {
                _isClosing = true;
                _close = frame;
                Wake();
            }
        }
    }

    /// <summary>The connection has ended: nothing more can be written.</summary>
    public void End()
    {
        lock (this)
        {
            _isClosing = true;
            (_pongs, _hasPing, _close) = (null, false, null);
            _queue.Clear();
        }
    }

    /// <summary>Ends when nothing waits any more.</summary>
    public Task FlushAsync()
    {
        lock (this)
        {
            return _isBusy
                ? (_flushed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task
                : Task.CompletedTask;
        }
    }

    public void Take()
    {
        while (TryGather(out var bytes, out var rented, out var messages))
        {
            route.Meter.Sent(route, messages, bytes.Length);
            var writing = Write(bytes);
            if (!writing.IsCompletedSuccessfully)
            {
                _ = FinishAsync(writing, rented);
                return;
            }

            Return(rented);
        }
    }

    private ValueTask Write(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return output.WriteAsync(bytes);
        }
        catch (Exception fault)
        {
            return ValueTask.FromException(fault);
        }
    }

    private async Task FinishAsync(ValueTask writing, byte[]? rented)
    {
        try
        {
            await writing.ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Sockets and servers have many ways to say that the connection has ended, and nobody is there whom another fault could be thrown at.
            End();
            context.Abort();
        }

        Return(rented);
        Take();
    }

    /// <summary>Takes what is to be written next; false if there is nothing, and then whoever adds something wakes the outbox again.</summary>
    private bool TryGather(out ReadOnlyMemory<byte> bytes, out byte[]? rented, out int messages)
    {
        rented = null;
        lock (this)
        {
            messages = _queue.Count;
            bytes = TakeNext();
            messages -= _queue.Count;
            if (bytes.Length == 0)
            {
                _isBusy = false;
                _flushed?.SetResult();
                _flushed = null;
                return false;
            }

            if (_queue.Count == 0 || bytes.Length + _queue.FirstLength > LargestWrite)
            {
                return true;
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
            return true;
        }
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
            _hasPing = false;
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

    private bool HasSpace(int length) => _queue.Count == 0
        || (_queue.Count < route.Options.MaxQueuedMessages && _queue.Bytes + length <= route.Options.MaxQueuedBytes);

    /// <summary>Drops what the route says is to be dropped; false if the message that comes is to be.</summary>
    private bool TryMakeSpace(int length, object? kind, ref int dropped)
    {
        switch (route.Options.WhenFull)
        {
            case WhenFull.Disconnect:
                dropped = _queue.Clear();
                return false;
            case WhenFull.DropNewest:
                return false;
            case WhenFull.KeepLatest:
                dropped = _queue.KeepLatest(kind);
                break;
        }

        for (; !HasSpace(length); dropped++)
        {
            _queue.Take();
        }

        return true;
    }

    private void Wake()
    {
        if (!_isBusy)
        {
            _isBusy = true;
            route.Services.Turns.AddOutbox(this);
        }
    }

    private static void Return(byte[]? rented)
    {
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
