using System.Buffers;
using System.Net.WebSockets;
using System.Text;

namespace ChannelsNet.WebSockets.Receiving;

/// <summary>Reads by the framework's WebSocket where that is all that a server gives, such as ASP.NET Core's test host.</summary>
internal sealed class FrameworkReader(WebSocket socket, WebSocketConnection connection, int maxMessageSize) : WebSocketReader
{
    private const int Smallest = 4096;

    public override async ValueTask<ClientEvent> ReadAsync()
    {
        BeginRead();
        try
        {
            // Ends when there is something to read; until then no buffer is held.
            var first = await socket.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None).ConfigureAwait(false);
            return await ReadAsync(first).ConfigureAwait(false);
        }
        catch (ClientFaultException fault)
        {
            return connection.Fault(fault);
        }
        catch (Exception fault) when (WebSocketConnection.IsEndOfConnection(fault))
        {
            return connection.Break();
        }
        finally
        {
            EndRead();
        }
    }

    protected override async Task DiscardRestAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Smallest);
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

    private async ValueTask<ClientEvent> ReadAsync(ValueWebSocketReceiveResult part)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Smallest);
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
                    throw new ClientFaultException(CloseCodes.TooLarge, $"A message may have {maxMessageSize} bytes.");
                }
            }

            if (part.MessageType != WebSocketMessageType.Close)
            {
                connection.Received(length);
            }

            return part.MessageType switch
            {
                WebSocketMessageType.Close => connection.CloseReceived(
                    (int)(socket.CloseStatus ?? WebSocketCloseStatus.Empty), socket.CloseStatusDescription ?? ""),
                WebSocketMessageType.Text => new WebSocketReceive(Encoding.UTF8.GetString(buffer, 0, length)),
                _ => new WebSocketReceive(buffer.AsSpan(0, length).ToArray()),
            };
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
