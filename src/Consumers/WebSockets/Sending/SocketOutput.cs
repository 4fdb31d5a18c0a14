using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.WebSockets.Sending;

/// <summary>
/// Writes straight to the socket of a plain HTTP/1.1 connection of Kestrel, which saves the way through Kestrel's pipe and one more thread.
/// </summary>
/// <remarks>
/// After its response to the handshake Kestrel writes nothing to such a connection. But the response may not have left yet when the first message is written,
/// and must not be overtaken. So before the first write the operating system is asked (Linux, TCP_INFO) whether the socket has sent anything. If the system does
/// not know, this writes by the stream from then on.
/// </remarks>
internal sealed class SocketOutput : IOutput
{
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;

    /// <summary>The offset of tcpi_bytes_sent in Linux's struct tcp_info, since 4.19.</summary>
    private const int BytesSent = 200;

    /// <summary>A response of at most this size leaves in one piece.</summary>
    private const int LargestResponse = 4096;

    /// <summary>The colon, the space and the line break of a header.</summary>
    private const int HeaderOverhead = 4;

    /// <summary>A client that reads slowly must take this many bytes within <see cref="WebSocketConnectionOptions.WriteTimeout"/>.</summary>
    private const int LargestPart = 16 * 1024;

    /// <summary>How often the first write lets other work of the thread pool run before it; sending the response is part of that work.</summary>
    private const int MaxYields = 16;

    private readonly Socket _socket;
    private readonly Stream _stream;
    private bool _hasResponded;
    private StreamOutput? _fallback;

    private SocketOutput(Socket socket, Stream stream)
    {
        _socket = socket;
        _stream = stream;
    }

    /// <summary>
    /// Returns the socket of a request if this can write to it later: it is not encrypted, nothing has been put between it and Kestrel, and it has sent no
    /// response yet. Else null.
    /// </summary>
    public static Socket? Find(HttpContext context) =>
        OperatingSystem.IsLinux()
        && HttpProtocol.IsHttp11(context.Request.Protocol)
        && context.Features.Get<IConnectionSocketFeature>() is { } feature
        && context.Features.Get<IConnectionTransportFeature>()?.Transport is { } transport

        // TLS and connection middleware replace the transport by one of another assembly.
        && transport.GetType().Assembly == feature.GetType().Assembly
        && HasSent(feature.Socket) is false
            ? feature.Socket
            : null;

    /// <summary>Creates an output that writes by the socket if there is one, else by the stream.</summary>
    /// <param name="socket">The socket, found before the request was upgraded.</param>
    /// <param name="stream">The stream of the upgraded request.</param>
    /// <param name="response">The headers of the response to the handshake.</param>
    public static IOutput Create(Socket? socket, Stream stream, IHeaderDictionary response)
    {
        if (socket is null)
        {
            return new StreamOutput(stream);
        }

        var length = 0;
        foreach (var (name, values) in response)
        {
            foreach (var value in values)
            {
                length += name.Length + (value?.Length ?? 0) + HeaderOverhead;
            }
        }

        return length > LargestResponse ? new StreamOutput(stream) : new SocketOutput(socket, stream);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, IWriteProgress progress)
    {
        if (!_hasResponded)
        {
            return WriteFirstAsync(bytes, progress);
        }

        if (_fallback is not null)
        {
            return _fallback.WriteAsync(bytes, progress);
        }

        var sent = _socket.Send(bytes.Span, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.Success when sent == bytes.Length => ValueTask.CompletedTask,
            SocketError.Success => WriteRestAsync(bytes[sent..], progress),
            SocketError.WouldBlock => WriteRestAsync(bytes, progress),
            _ => ValueTask.FromException(new IOException("The socket of the client failed.", new SocketException((int)error))),
        };
    }

    private async ValueTask WriteFirstAsync(ReadOnlyMemory<byte> bytes, IWriteProgress progress)
    {
        for (var i = 0; HasSent(_socket) is false && i < MaxYields; i++)
        {
            await Task.Yield();
        }

        if (HasSent(_socket) is true)
        {
            // Kestrel's own sending and receiving is asynchronous, so this does not affect it.
            _socket.Blocking = false;
        }
        else
        {
            _fallback = new StreamOutput(_stream);
        }

        _hasResponded = true;
        await WriteAsync(bytes, progress).ConfigureAwait(false);
    }

    /// <summary>The socket completes a send when it has taken all of it, so it gets parts: a slow client makes progress that can be seen.</summary>
    private async ValueTask WriteRestAsync(ReadOnlyMemory<byte> bytes, IWriteProgress progress)
    {
        while (bytes.Length > 0)
        {
            var part = bytes[..Math.Min(bytes.Length, LargestPart)];
            bytes = bytes[await _socket.SendAsync(part, SocketFlags.None).ConfigureAwait(false)..];
            progress.OnProgress();
        }
    }

    /// <summary>Whether the socket has sent anything; null if the system does not say.</summary>
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
