using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.WebSockets.Sending;

/// <summary>
/// Writes straight to the socket of a plain HTTP/1.1 connection of Kestrel, which saves the way through Kestrel's pipe and one more thread.
/// </summary>
/// <remarks>
/// After its answer to the handshake Kestrel writes nothing to such a connection. But the answer may still be on its way to the socket when the first
/// message is to be written; so that they do not change places, the socket is asked (Linux, TCP_INFO) whether it has sent anything yet. If that can't be
/// told, this writes by the stream, for good.
/// </remarks>
internal sealed class SocketOutput : IOutput
{
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;

    /// <summary>Where tcpi_bytes_sent stands in Linux's struct tcp_info, since 4.19.</summary>
    private const int BytesSent = 200;

    /// <summary>An answer of this size leaves in one piece.</summary>
    private const int LargestAnswer = 4096;

    /// <summary>The colon, the blank and the end of a header's line.</summary>
    private const int HeaderOverhead = 4;

    /// <summary>So often the first write lets other work of the thread pool go first, of which sending the answer is a part.</summary>
    private const int MostWaits = 16;

    private readonly Socket _socket;
    private readonly Stream _stream;
    private bool _hasAnswered;
    private bool _isGivenUp;

    private SocketOutput(Socket socket, Stream stream)
    {
        _socket = socket;
        _stream = stream;
    }

    /// <summary>
    /// The socket of a request if this can write to it later: it is not encrypted, nothing has been put between it and Kestrel, and no answer has
    /// gone over it yet.
    /// </summary>
    public static Socket? Find(HttpContext context) =>
        OperatingSystem.IsLinux()
        && HttpProtocol.IsHttp11(context.Request.Protocol)
        && context.Features.Get<IConnectionSocketFeature>() is { } feature
        && context.Features.Get<IConnectionTransportFeature>()?.Transport is { } transport

        // Whoever encrypts or logs what goes through puts a transport of his own there, which comes from another assembly.
        && transport.GetType().Assembly == feature.GetType().Assembly
        && HasSent(feature.Socket) is false
            ? feature.Socket
            : null;

    /// <summary>Writes by the socket if there is one that will do, else by the stream.</summary>
    /// <param name="socket">The socket, found before the request was upgraded.</param>
    /// <param name="stream">The stream of the upgraded request.</param>
    /// <param name="answer">The headers of the answer.</param>
    public static IOutput Create(Socket? socket, Stream stream, IHeaderDictionary answer)
    {
        if (socket is null)
        {
            return new StreamOutput(stream);
        }

        var length = 0;
        foreach (var (name, values) in answer)
        {
            foreach (var value in values)
            {
                length += name.Length + (value?.Length ?? 0) + HeaderOverhead;
            }
        }

        return length > LargestAnswer ? new StreamOutput(stream) : new SocketOutput(socket, stream);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        if (!_hasAnswered)
        {
            return WriteFirstAsync(bytes);
        }

        if (_isGivenUp)
        {
            return _stream.WriteAsync(bytes);
        }

        var sent = _socket.Send(bytes.Span, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.Success when sent == bytes.Length => ValueTask.CompletedTask,
            SocketError.Success => WriteRestAsync(bytes[sent..]),
            SocketError.WouldBlock => WriteRestAsync(bytes),
            _ => ValueTask.FromException(new IOException("The client's socket can't be written to.", new SocketException((int)error))),
        };
    }

    private async ValueTask WriteFirstAsync(ReadOnlyMemory<byte> bytes)
    {
        for (var i = 0; HasSent(_socket) is false && i < MostWaits; i++)
        {
            await Task.Yield();
        }

        _isGivenUp = HasSent(_socket) is not true;
        if (!_isGivenUp)
        {
            // Kestrel's own sending and receiving is asynchronous, and so is not touched by this.
            _socket.Blocking = false;
        }

        _hasAnswered = true;
        await WriteAsync(bytes).ConfigureAwait(false);
    }

    private async ValueTask WriteRestAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None).ConfigureAwait(false)..];
        }
    }

    /// <summary>Whether any bytes have gone out; null if that is not known.</summary>
    private static bool? HasSent(Socket socket)
    {
        Span<byte> info = stackalloc byte[BytesSent + sizeof(ulong)];
        try
        {
            return socket.GetRawSocketOption(TcpLevel, TcpInfo, info) == info.Length
                ? MemoryMarshal.Read<ulong>(info[BytesSent..]) > 0
                : null;
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }
}
