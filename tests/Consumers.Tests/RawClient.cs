using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ChannelsNet;

/// <summary>A WebSocket client that reads and writes frames byte by byte, so that a test can see and do what no library lets it.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly byte[] _mask = [0x12, 0x34, 0x56, 0x78];

    private readonly NetworkStream _stream;

    private RawClient(NetworkStream stream) => _stream = stream;

    /// <summary>Connects and makes the handshake by hand.</summary>
    /// <param name="server">To whom.</param>
    /// <param name="path">The path.</param>
    /// <param name="headers">More headers, each with its line break.</param>
    /// <param name="takesLittle">Whether the operating system is to take in only a few kilobytes that nobody reads.</param>
    public static async Task<RawClient> ConnectAsync(TestServer server, string path = "/ws/", string headers = "", bool takesLittle = false)
    {
        var uri = new Uri(server.Address);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (takesLittle)
        {
            socket.ReceiveBufferSize = 4 * 1024;
        }

        await socket.ConnectAsync(IPAddress.Loopback, uri.Port).WaitAsync(TestServer.Patience);
        var client = new RawClient(new NetworkStream(socket, ownsSocket: true));
        await client.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: {uri.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + $"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"));
        client.Answer = await client.ReadHeadersAsync();
        Assert.StartsWith("HTTP/1.1 101", client.Answer, StringComparison.Ordinal);
        return client;
    }

    /// <summary>The server's answer to the handshake.</summary>
    public string Answer { get; private set; } = "";

    public Socket Socket => _stream.Socket;

    public Task WriteAsync(byte[] bytes) => _stream.WriteAsync(bytes).AsTask().WaitAsync(TestServer.Patience);

    /// <summary>Writes a masked frame.</summary>
    /// <param name="first">The first byte: 0x80 is FIN, then three reserved bits, then the opcode.</param>
    /// <param name="payload">Not masked yet.</param>
    public Task WriteFrameAsync(byte first, byte[] payload) => WriteAsync(Frame(first, payload));

    public Task WriteFrameAsync(byte first, string payload) => WriteFrameAsync(first, Encoding.UTF8.GetBytes(payload));

    /// <summary>A masked frame.</summary>
    public static byte[] Frame(byte first, byte[] payload)
    {
        byte[] length = payload.Length < 126
            ? [(byte)(0x80 | payload.Length)]
            : [0x80 | 126, (byte)(payload.Length >> 8), (byte)payload.Length];
        return [first, .. length, .. _mask, .. payload.Select((value, i) => (byte)(value ^ _mask[i % 4]))];
    }

    /// <summary>The next frame: its head as it came, and its payload.</summary>
    public async Task<(byte[] Head, byte[] Payload)> ReadFrameAsync()
    {
        var start = await ReadAsync(2);
        var more = await ReadAsync(start[1] switch { 126 => 2, 127 => 8, _ => 0 });
        var length = more.Length switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(more),
            8 => (int)BinaryPrimitives.ReadUInt64BigEndian(more),
            _ => start[1],
        };
        return ([.. start, .. more], await ReadAsync(length));
    }

    /// <summary>The next frame in words: "text …", "binary …", "ping …", "pong …", "close CODE …"; compressed ones as "0xC1" and the like.</summary>
    public async Task<string> NextAsync()
    {
        var (head, payload) = await ReadFrameAsync();
        return Frames.Describe(head[0], payload);
    }

    /// <summary>Reads until the server has ended the connection; what came before.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        await _stream.CopyToAsync(all).WaitAsync(TestServer.Patience);
        return all.ToArray();
    }

    public void Dispose() => _stream.Dispose();

    private async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        await _stream.ReadExactlyAsync(bytes).AsTask().WaitAsync(TestServer.Patience);
        return bytes;
    }

    private async Task<string> ReadHeadersAsync()
    {
        var text = new StringBuilder();
        while (text.Length < 4 || text.ToString(text.Length - 4, 4) != "\r\n\r\n")
        {
            text.Append((char)(await ReadAsync(1))[0]);
        }

        return text.ToString();
    }
}

/// <summary>Puts what a server sends into words.</summary>
internal static class Frames
{
    public static string Describe(byte first, ReadOnlySpan<byte> payload) => (first switch
    {
        0x81 => $"text {Encoding.UTF8.GetString(payload)}",
        0x82 => $"binary {Encoding.UTF8.GetString(payload)}",
        0x88 when payload.Length > 1 => $"close {BinaryPrimitives.ReadUInt16BigEndian(payload)} {Encoding.UTF8.GetString(payload[2..])}",
        0x88 => "close",
        0x89 => $"ping {Encoding.UTF8.GetString(payload)}",
        0x8A => $"pong {Encoding.UTF8.GetString(payload)}",
        _ => $"0x{first:X2}",
    }).TrimEnd();

    /// <summary>All frames in some bytes.</summary>
    public static List<string> DescribeAll(byte[] bytes)
    {
        var all = new List<string>();
        for (var at = 0; at < bytes.Length;)
        {
            var head = WebSockets.WebSocketFrames.ReadHead(bytes.AsSpan(at), out var length);
            all.Add(Describe(bytes[at], bytes.AsSpan(at + head, length)));
            at += head + length;
        }

        return all;
    }
}
