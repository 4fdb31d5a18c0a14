using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using ChannelsNet.Running;
using ChannelsNet.WebSockets.Sending;
using static ChannelsNet.WebSockets.WebSocketFrames;

namespace ChannelsNet.WebSockets.Receiving;

/// <summary>
/// Reads the frames of a client (RFC 6455, 5), also of one that compresses (RFC 7692). It reads from the connection's pipe without anything between, and
/// an idle connection costs it one small object.
/// </summary>
internal sealed class FrameReader(PipeReader pipe, WebSocketConnection connection, SendQueue queue, int maxMessageSize, bool mayCompress)
    : WebSocketReader(connection)
{
    private MessageBuilder _message;

    // Of the frame whose payload is coming in; there is none if nothing is left.
    private long _left;
    private long _offset;
    private uint _mask;
    private bool _isFinal;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    protected override async ValueTask<ClientEvent> ReadNextAsync()
    {
        if (!TryBeginRead())
        {
            return ClientEnd.Broken;
        }

        try
        {
            while (true)
            {
                var result = await pipe.ReadAsync().ConfigureAwait(false);
                if (Parse(result.Buffer) is { } received)
                {
                    return received;
                }

                if (result.IsCompleted)
                {
                    return End(ClientEnd.Broken);
                }
            }
        }
        catch (ClientFaultException fault)
        {
            return End(new ClientEnd { Fault = fault });
        }
        catch (Exception exception) when (EndOfConnection.Is(exception))
        {
            return End(ClientEnd.Broken);
        }
        finally
        {
            EndRead();
        }
    }

    protected override void Release() => _message.Clear();

    protected override async Task DiscardRestAsync()
    {
        while (true)
        {
            var result = await pipe.ReadAsync().ConfigureAwait(false);
            var buffer = result.Buffer;
            var hasClosed = Skip(ref buffer);
            pipe.AdvanceTo(buffer.Start, buffer.End);
            if (hasClosed || result.IsCompleted)
            {
                return;
            }
        }
    }

    /// <summary>Takes frames out of the buffer until a message is whole; null if it takes more bytes.</summary>
    private ClientEvent? Parse(ReadOnlySequence<byte> buffer)
    {
        Connection.OnActivity();
        ClientEvent? received = null;
        var takesMore = false;
        try
        {
            while (received is null && (_left > 0 ? TryContinue(ref buffer, out received) : TryBegin(ref buffer, out received)))
            {
            }

            takesMore = received is null;
            return received;
        }
        finally
        {
            pipe.AdvanceTo(buffer.Start, takesMore ? buffer.End : buffer.Start);
        }
    }

    /// <summary>Takes the head of a frame, or a whole control frame; false if it is not all there.</summary>
    private bool TryBegin(ref ReadOnlySequence<byte> buffer, out ClientEvent? received)
    {
        received = null;
        if (!FrameHead.TryRead(buffer, out var head))
        {
            return false;
        }

        head.Check(_message.HasBegun, mayCompress);
        if (head.IsControl)
        {
            return TryControl(ref buffer, head, out received);
        }

        if (!_message.HasBegun)
        {
            _message.Begin(head.Opcode, head.IsCompressed);
        }

        if (head is { PayloadLength: 0, IsFinal: false })
        {
            _message.AddEmpty();
        }

        if (_message.Size + head.PayloadLength > _message.LongestPayload(maxMessageSize))
        {
            throw new ClientFaultException(CloseCodes.TooLarge, $"A message may have {maxMessageSize} bytes.");
        }

        buffer = buffer.Slice(head.Length);
        (_left, _offset, _mask, _isFinal) = (head.PayloadLength, 0, head.Mask, head.IsFinal);
        if (_left == 0)
        {
            received = EndFrame();
        }

        return true;
    }

    /// <summary>Takes what there is of a payload; false if there is nothing.</summary>
    private bool TryContinue(ref ReadOnlySequence<byte> buffer, out ClientEvent? received)
    {
        received = null;
        var part = buffer.FirstSpan;
        if (part.Length > _left)
        {
            part = part[..(int)_left];
        }

        if (part.Length == 0)
        {
            return false;
        }

        _message.Add(part, _mask, _offset, _message.Length + (int)_left);
        _offset += part.Length;
        _left -= part.Length;
        buffer = buffer.Slice(part.Length);
        if (_left > 0 || !_isFinal)
        {
            _message.CheckSoFar();
        }

        if (_left == 0)
        {
            received = EndFrame();
        }

        return true;
    }

    private ClientEvent? EndFrame()
    {
        if (!_isFinal)
        {
            return null;
        }

        Connection.OnReceived(_message.Length);
        return _message.End(maxMessageSize);
    }

    private bool TryControl(ref ReadOnlySequence<byte> buffer, in FrameHead head, out ClientEvent? received)
    {
        received = null;
        var length = (int)head.PayloadLength;
        if (buffer.Length < head.Length + length)
        {
            return false;
        }

        Span<byte> payload = stackalloc byte[LongestControlPayload];
        payload = payload[..length];
        buffer.Slice(head.Length, length).CopyTo(payload);
        FrameMask.Remove(head.Mask, 0, payload, payload);
        buffer = buffer.Slice(head.Length + length);
        switch (head.Opcode)
        {
            case Opcode.Ping:
                Connection.OnPing();
                payload.CopyTo(Create(Opcode.Pong, length, out var pong));
                queue.AddPong(pong);
                break;
            case Opcode.Close:
                received = Close(payload);
                break;
        }

        return true;
    }

    private ClientEnd Close(ReadOnlySpan<byte> payload)
    {
        if (payload.Length == 0)
        {
            return End(new ClientEnd { Code = CloseCodes.None });
        }

        var code = payload.Length > 1 ? BinaryPrimitives.ReadUInt16BigEndian(payload) : 0;
        var reason = payload.Length > 1 ? payload[sizeof(ushort)..] : default;
        if (!WebSocketCodes.IsSendable(code))
        {
            throw FrameHead.Fault(payload.Length > 1 ? $"{code} is no close code." : "A close frame has half a code.");
        }

        return Utf8.IsValid(reason)
            ? End(new ClientEnd { Code = code, Reason = Encoding.UTF8.GetString(reason) })
            : throw new ClientFaultException(CloseCodes.InvalidPayload, "A reason must be UTF-8.");
    }

    /// <summary>Throws frames away; true if a close frame was among them.</summary>
    private bool Skip(ref ReadOnlySequence<byte> buffer)
    {
        while (true)
        {
            var part = Math.Min(_left, buffer.Length);
            buffer = buffer.Slice(part);
            _left -= part;
            if (_left > 0 || !FrameHead.TryRead(buffer, out var head))
            {
                return false;
            }

            if (head.Opcode == Opcode.Close || head.PayloadLength < 0)
            {
                return true;
            }

            buffer = buffer.Slice(head.Length);
            _left = head.PayloadLength;
        }
    }
}
