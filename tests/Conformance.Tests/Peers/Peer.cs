using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace ChannelsNet.Conformance.Peers;

/// <summary>A client that writes whatever it is told, byte by byte, and takes nothing of the server for granted.</summary>
internal sealed class Peer : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly BufferedStream _input;

    private Peer(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _input = new BufferedStream(_stream, 64 * 1024);
    }

    /// <summary>What the server has answered in Sec-WebSocket-Extensions; empty for nothing.</summary>
    public string Extensions { get; private set; } = "";

    /// <summary>Connects and makes the handshake.</summary>
    /// <param name="uri">ws:// and so on.</param>
    /// <param name="offers">What to offer in Sec-WebSocket-Extensions; empty for nothing.</param>
    public static async Task<Peer> ConnectAsync(Uri uri, string offers = "")
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(uri.Host, uri.Port).WaitAsync(_patience);
        var peer = new Peer(socket);
        await peer.ShakeHandsAsync(uri, offers);
        return peer;
    }

    /// <summary>Writes bytes in pieces of a size. A server may have ended the connection already; what it said before can still be read.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, int chop = Step.Frame)
    {
        try
        {
            while (bytes.Length > 0)
            {
                var piece = bytes[..Math.Min(chop, bytes.Length)];
                await _stream.WriteAsync(piece).AsTask().WaitAsync(_patience);
                bytes = bytes[piece.Length..];
            }
        }
        catch (IOException)
        {
            // Whether it should have is for the case to say.
        }
    }

    public Task CloseAsync(int code) => WriteAsync(ClientFrame.Create(Opcode.Close, [(byte)(code >> 8), (byte)code]));

    /// <summary>The next message or control frame.</summary>
    public async Task<(Opcode Opcode, byte[] Payload, bool IsCompressed)> ReadAsync()
    {
        var (first, payload) = await ReadFrameAsync();
        var (opcode, isCompressed) = ((Opcode)(first & 0x0F), (first & 0x40) != 0);
        if ((first & 0x80) == 0)
        {
            payload = await ReadRestAsync(payload);
        }

        return (opcode, payload, isCompressed);
    }

    /// <summary>Reads the server's close frame, which must be next and have one of these codes.</summary>
    /// <param name="codes">The codes; 1005 for none.</param>
    /// <param name="mayDrop">Whether the server may end the connection instead.</param>
    public async Task ExpectCloseAsync(IEnumerable<int> codes, bool mayDrop = false)
    {
        try
        {
            var (opcode, payload, _) = await ReadAsync();
            Assert.True(opcode == Opcode.Close, $"Expected the server to close, got {Happening.Describe(opcode, payload)}.");
            Assert.Contains(payload.Length < 2 ? 1005 : BinaryPrimitives.ReadUInt16BigEndian(payload), codes);
        }
        catch (IOException) when (mayDrop)
        {
            // It has.
        }
    }

    /// <summary>Waits until the server has ended the connection, which must bring nothing more.</summary>
    public async Task EndAsync()
    {
        try
        {
            Assert.Equal(0, await _input.ReadAsync(new byte[1]).AsTask().WaitAsync(_patience));
        }
        catch (IOException)
        {
            // Something was still on its way to the server when it ended the connection.
        }
    }

    public void Dispose()
    {
        _input.Dispose();
        _stream.Dispose();
        _socket.Dispose();
    }

    private async Task<byte[]> ReadRestAsync(byte[] beginning)
    {
        using var all = new MemoryStream();
        await all.WriteAsync(beginning);
        while (true)
        {
            var (first, payload) = await ReadFrameAsync();
            Assert.Equal(0, first & 0x7F);
            await all.WriteAsync(payload);
            if ((first & 0x80) != 0)
            {
                return all.ToArray();
            }
        }
    }

    private async Task<(byte First, byte[] Payload)> ReadFrameAsync()
    {
        var head = await ReadBytesAsync(2);
        Assert.True((head[1] & 0x80) == 0, "A server does not mask.");
        var length = head[1] switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(await ReadBytesAsync(2)),
            127 => checked((int)BinaryPrimitives.ReadInt64BigEndian(await ReadBytesAsync(8))),
            var small => small,
        };
        return (head[0], await ReadBytesAsync(length));
    }

    private async Task<byte[]> ReadBytesAsync(int count)
    {
        var bytes = new byte[count];
        await _input.ReadExactlyAsync(bytes).AsTask().WaitAsync(_patience);
        return bytes;
    }

    private async Task ShakeHandsAsync(Uri uri, string offers)
    {
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        var extensions = offers.Length > 0 ? $"Sec-WebSocket-Extensions: {offers}\r\n" : "";
        await WriteAsync(Encoding.ASCII.GetBytes(
            $"GET {uri.PathAndQuery} HTTP/1.1\r\nHost: {uri.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + $"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{extensions}\r\n"));
        var answer = new StringBuilder();
        while (!answer.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            answer.Append((char)(await ReadBytesAsync(1))[0]);
        }

        var lines = answer.ToString().Split("\r\n");
        Assert.StartsWith("HTTP/1.1 101 ", lines[0], StringComparison.Ordinal);
        Extensions = HeaderOf(lines, "Sec-WebSocket-Extensions");
    }

    private static string HeaderOf(string[] lines, string name) => lines
        .FirstOrDefault(line => line.StartsWith($"{name}:", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim() ?? "";
}
