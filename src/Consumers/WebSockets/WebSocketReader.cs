using System.Buffers;
using System.Net.WebSockets;
using System.Text;

namespace ChannelsNet.WebSockets;

/// <summary>Puts the messages of a client together.</summary>
internal sealed class WebSocketReader(WebSocket socket, int maxMessageSize)
{
    private const int MinimumBuffer = 4096;

    /// <summary>Ends when there is something to read; until then no buffer is held.</summary>
    public ValueTask<ValueWebSocketReceiveResult> WaitAsync() => socket.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None);

    /// <summary>Reads the message, or the close frame, that <see cref="WaitAsync"/> has told of.</summary>
    /// <returns>What came; null if it is a message that is too large.</returns>
    public async ValueTask<ClientEvent?> ReadAsync(ValueWebSocketReceiveResult part)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MinimumBuffer);
        var length = 0;
        try
        {
            while (part.MessageType != WebSocketMessageType.Close && !part.EndOfMessage)
            {
                if (length == buffer.Length)
                {
                    buffer = Grow(buffer);
                }

                part = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None).ConfigureAwait(false);
                length += part.Count;
                if (length > maxMessageSize)
                {
                    return null;
                }
            }

            return part.MessageType switch
            {
                // A close without a code comes out of the framework's WebSocket as 1000.
                WebSocketMessageType.Close => new WebSocketDisconnect((int)(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure), socket.CloseStatusDescription ?? ""),
                WebSocketMessageType.Text => new WebSocketReceive(Encoding.UTF8.GetString(buffer, 0, length)),
                _ => new WebSocketReceive(buffer.AsSpan(0, length).ToArray()),
            };
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads until the client has closed, and throws away what comes before.</summary>
    public async Task DiscardAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MinimumBuffer);
        try
        {
            while ((await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).ConfigureAwait(false)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Grow(byte[] buffer)
    {
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
