using System.Buffers.Binary;
using System.Net.WebSockets;

namespace ChannelsNet.Conformance.Peers;

/// <summary>
/// Inflates what a server sends, with a window of the size that was agreed on and no larger. The framework's WebSocket does it: it is given one frame
/// after the other, by itself.
/// </summary>
internal sealed class Inflate : IDisposable
{
    private const int FullWindowBits = 15;

    private readonly MemoryStream _frames = new();
    private readonly WebSocket _socket;
    private readonly byte[] _buffer;

    /// <param name="windowBits">9 to 15.</param>
    /// <param name="keepsContext">Whether messages may refer to those before them.</param>
    public Inflate(int windowBits, bool keepsContext)
    {
        _socket = WebSocket.CreateFromStream(_frames, new WebSocketCreationOptions
        {
            KeepAliveInterval = Timeout.InfiniteTimeSpan,
            DangerousDeflateOptions = new WebSocketDeflateOptions { ServerMaxWindowBits = windowBits, ServerContextTakeover = keepsContext },
        });

        // What is inflated into one buffer may refer to all that is in it; where the window is small only a small buffer shows what is beyond it.
        _buffer = new byte[windowBits == FullWindowBits ? 256 * 1024 : 1 << (windowBits - 1)];
    }

    /// <summary>Inflates a message.</summary>
    public async Task<byte[]> ReadAsync(byte[] payload)
    {
        _frames.SetLength(0);
        _frames.Write([0x80 | 0x40 | (int)Opcode.Binary, 127, .. new byte[sizeof(long)], .. payload]);
        BinaryPrimitives.WriteInt64BigEndian(_frames.GetBuffer().AsSpan(2), payload.Length);
        _frames.Position = 0;
        using var message = new MemoryStream();
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None);
            message.Write(_buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);

        return message.ToArray();
    }

    public void Dispose()
    {
        _socket.Dispose();
        _frames.Dispose();
    }
}
