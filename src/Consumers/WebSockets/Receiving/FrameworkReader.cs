using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;
using System.Text;
using ChannelsNet.Running;

namespace ChannelsNet.WebSockets.Receiving;

/// <summary>Reads by the framework's WebSocket where that is all that a server gives, such as ASP.NET Core's test host.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A token source without a timer holds nothing.")]
internal sealed class FrameworkReader(WebSocket socket, WebSocketConnection connection, int maxMessageSize) : WebSocketReader(connection)
{
    private const int Smallest = 4096;

    /// <summary>The end of the request does not end such a WebSocket.</summary>
    private readonly CancellationTokenSource _aborted = new();

    public override void Abort() => _aborted.Cancel();

    protected override async ValueTask<ClientEvent> ReadNextAsync()
    {
        if (!TryBeginRead())
        {
            return ClientEnd.Broken;
        }

        try
        {
            // Ends when there is something to read; until then no buffer is held.
            var first = await socket.ReceiveAsync(Memory<byte>.Empty, _aborted.Token).ConfigureAwait(false);
            return await ReadAsync(first).ConfigureAwait(false);
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

    protected override async Task DiscardRestAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Smallest);
        try
        {
            while ((await socket.ReceiveAsync(buffer.AsMemory(), _aborted.Token).ConfigureAwait(false)).MessageType != WebSocketMessageType.Close)
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

                part = await socket.ReceiveAsync(buffer.AsMemory(length), _aborted.Token).ConfigureAwait(false);
                length += part.Count;
                if (length > maxMessageSize)
                {
                    throw new ClientFaultException(CloseCodes.TooLarge, $"A message may have {maxMessageSize} bytes.");
                }
            }

            if (part.MessageType != WebSocketMessageType.Close)
            {
                Connection.OnReceived(length);
            }

            return part.MessageType switch
            {
                WebSocketMessageType.Close => End(new ClientEnd
                {
                    Code = (int)(socket.CloseStatus ?? WebSocketCloseStatus.Empty),
                    Reason = socket.CloseStatusDescription ?? "",
                }),
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
