using System.Net.WebSockets;

namespace ChannelsNet.Bench.Servers;

/// <summary>A WebSocket to which several may send: the framework's allows one at a time.</summary>
internal sealed class PlainSocket(WebSocket socket) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);

    public async Task SendAsync(ReadOnlyMemory<byte> text)
    {
        await _turn.WaitAsync();
        try
        {
            await socket.SendAsync(text, WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage, CancellationToken.None);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Takes messages of up to 4 KiB until the client has gone.</summary>
    public async Task ReceiveAsync(Func<PlainSocket, ReadOnlyMemory<byte>, Task> receive)
    {
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    length += result.Count;
                }
                while (!result.EndOfMessage);

                if (result.MessageType == WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    return;
                }

                await receive(this, buffer.AsMemory(0, length));
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException)
        {
            // The client has gone without a close.
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        _turn.Dispose();
    }
}
