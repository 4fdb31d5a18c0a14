using System.Globalization;
using System.IO.Compression;

namespace ChannelsNet.WebSockets;

/// <summary>
/// Compresses messages for per-message-deflate (RFC 7692, 7.2.1), each by itself: the server always negotiates server_no_context_takeover, so that one
/// compressed frame fits all clients.
/// </summary>
internal static class WebSocketDeflate
{
    /// <summary>The window of deflate, in bytes, if the client asks for no smaller one.</summary>
    public const int FullWindow = 1 << 15;

    /// <summary>Shorter payloads are not worth it.</summary>
    private const int Shortest = 64;

    /// <summary>What a flush ends with, and what a frame leaves out.</summary>
    private const int TailLength = 4;

    /// <summary>The window that the answer to a handshake allows the server, in bytes; 0 if it does not allow compression.</summary>
    public static int NegotiatedWindow(string? extensions)
    {
        const string Bits = "server_max_window_bits=";
        if (extensions is null || !extensions.Contains("permessage-deflate", StringComparison.Ordinal))
        {
            return 0;
        }

        var at = extensions.IndexOf(Bits, StringComparison.Ordinal);
        return at < 0 ? FullWindow : 1 << int.Parse(
            string.Concat(extensions.Skip(at + Bits.Length).TakeWhile(char.IsAsciiDigit)), CultureInfo.InvariantCulture);
    }

    /// <summary>The compressed frame; null if it would be no shorter.</summary>
    public static byte[]? TryCompress(WebSocketFrames.Opcode opcode, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < Shortest)
        {
            return null;
        }

        using var output = new MemoryStream(payload.Length);
        using var deflate = new DeflateStream(output, CompressionLevel.Fastest, leaveOpen: true);
        deflate.Write(payload);
        deflate.Flush();
        var length = (int)output.Length - TailLength;
        if (length >= payload.Length)
        {
            return null;
        }

        output.GetBuffer().AsSpan(0, length).CopyTo(WebSocketFrames.Create(opcode, length, out var frame, compressed: true));
        return frame;
    }
}
