using ChannelsNet.WebSockets.Sending;

namespace ChannelsNet.WebSockets;

/// <summary>
/// What the framework's WebSocket reads from and writes to: it reads the connection; what it writes by itself, pongs and close frames, goes into the
/// outbox, so that all that is written has one order.
/// </summary>
internal sealed class WebSocketStream(Stream connection) : Stream
{
    /// <summary>The stream of the upgraded request.</summary>
    public Stream Connection => connection;

    /// <summary>Where frames go to.</summary>
    public Outbox? Outbox { private get; set; }

    /// <summary>Is told whenever something has come from the client.</summary>
    public WebSocketConnection? Listener { private get; set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Who reads again has had something from the read before, so this is noticed here and not when a read ends.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Listener?.Heard();
        return connection.ReadAsync(buffer, cancellationToken);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        switch (WebSocketFrames.OpcodeOf(buffer.Span[0]))
        {
            case WebSocketFrames.Opcode.Pong:
                Outbox?.AddPong(buffer.ToArray());
                break;
            case WebSocketFrames.Opcode.Close:
                Outbox?.AddClose(buffer.ToArray());
                break;
        }

        return ValueTask.CompletedTask;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
