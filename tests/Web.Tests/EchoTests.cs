using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using ChannelsNet.Support;

namespace ChannelsNet;

public sealed class EchoTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Text_and_bytes_come_back_as_they_were_up_to_16_MiB_also_compressed(bool compressed)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var node = await WebNode.StartAsync();
        using var socket = new ClientWebSocket();
        socket.Options.DangerousDeflateOptions = compressed ? new WebSocketDeflateOptions() : null;
        await socket.ConnectAsync(node.WebSocket("/echo/"), patience.Token);

        var largest = RandomNumberGenerator.GetBytes(16 * 1024 * 1024);
        foreach (var (sent, type) in new[]
        {
            (Encoding.UTF8.GetBytes("Hellö ☃"), WebSocketMessageType.Text), ([], WebSocketMessageType.Text),
            ([0, 255, 128], WebSocketMessageType.Binary), (largest, WebSocketMessageType.Binary),
        })
        {
            await socket.SendAsync(sent, type, endOfMessage: true, patience.Token);
            var received = new byte[sent.Length + 1];
            var length = 0;
            ValueWebSocketReceiveResult frame;
            do
            {
                frame = await socket.ReceiveAsync(received.AsMemory(length), patience.Token);
                Assert.Equal(type, frame.MessageType);
                length += frame.Count;
            }
            while (!frame.EndOfMessage);

            Assert.True(sent.AsSpan().SequenceEqual(received.AsSpan(0, length)));
        }
    }
}
