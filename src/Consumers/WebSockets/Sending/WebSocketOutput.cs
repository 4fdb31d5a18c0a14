using System.Buffers.Binary;
using System.Net.WebSockets;
using System.Text;

namespace ChannelsNet.WebSockets.Sending;

/// <summary>Writes by a WebSocket that gives no access to what is below it, such as that of ASP.NET Core's test host: message by message, without pings.</summary>
internal sealed class WebSocketOutput(WebSocket socket) : IOutput
{
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, IWriteProgress progress)
    {
        while (bytes.Length > 0)
        {
            var opcode = WebSocketFrames.OpcodeOf(bytes.Span[0]);
            var head = WebSocketFrames.ReadHead(bytes.Span, out var length);
            await WriteAsync(opcode, bytes.Slice(head, length)).ConfigureAwait(false);
            bytes = bytes[(head + length)..];
            progress.OnProgress();
        }
    }

    private ValueTask WriteAsync(WebSocketFrames.Opcode opcode, ReadOnlyMemory<byte> payload) => opcode switch
    {
        WebSocketFrames.Opcode.Text => socket.SendAsync(payload, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None),
        WebSocketFrames.Opcode.Binary => socket.SendAsync(payload, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None),
        WebSocketFrames.Opcode.Close => new(socket.CloseOutputAsync(
            (WebSocketCloseStatus)BinaryPrimitives.ReadUInt16BigEndian(payload.Span),
            Encoding.UTF8.GetString(payload.Span[sizeof(ushort)..]),
            CancellationToken.None)),
        _ => ValueTask.CompletedTask,
    };
}
