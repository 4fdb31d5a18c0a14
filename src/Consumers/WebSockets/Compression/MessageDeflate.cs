using System.IO.Compression;

namespace ChannelsNet.WebSockets.Compression;

/// <summary>
/// Compresses messages for clients (RFC 7692, 7.2.1), each by itself: the server always negotiates server_no_context_takeover, so that one compressed frame
/// fits all clients.
/// </summary>
internal static class MessageDeflate
{
    /// <summary>Shorter payloads are not worth it.</summary>
    private const int Shortest = 64;

    /// <summary>What a flush ends with, and what a frame leaves out.</summary>
    private const int TailLength = 4;

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
