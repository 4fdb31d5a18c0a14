using System.Globalization;
using System.IO.Compression;

namespace ChannelsNet.Conformance.Peers;

/// <summary>A client's side of permessage-deflate (RFC 7692). It keeps its context from message to message wherever the server allows that.</summary>
internal sealed class Deflate : IDisposable
{
    private const string WindowBits = "server_max_window_bits=";
    private static readonly byte[] _tail = [0, 0, 0xFF, 0xFF];

    private readonly bool _keepsContext;
    private readonly MemoryStream _compressed = new();
    private readonly Inflate _inflate;
    private DeflateStream? _deflate;

    /// <param name="answer">What the server has answered to the offers.</param>
    public Deflate(string answer)
    {
        var parts = answer.Split(';', StringSplitOptions.TrimEntries);
        Assert.Equal("permessage-deflate", parts[0]);
        _keepsContext = !parts.Contains("client_no_context_takeover");
        var bits = parts.FirstOrDefault(part => part.StartsWith(WindowBits, StringComparison.Ordinal))?[WindowBits.Length..] ?? "15";
        _inflate = new Inflate(int.Parse(bits, CultureInfo.InvariantCulture), !parts.Contains("server_no_context_takeover"));
    }

    public byte[] Compress(byte[] message)
    {
        if (!_keepsContext)
        {
            _deflate?.Dispose();
            _deflate = null;
        }

        _deflate ??= new DeflateStream(_compressed, CompressionLevel.Fastest, leaveOpen: true);
        _compressed.SetLength(0);
        _deflate.Write(message);
        _deflate.Flush();
        return _compressed.ToArray()[..^_tail.Length];
    }

    /// <inheritdoc cref="Inflate.ReadAsync"/>
    public Task<byte[]> InflateAsync(byte[] payload) => _inflate.ReadAsync(payload);

    public void Dispose()
    {
        _deflate?.Dispose();
        _compressed.Dispose();
        _inflate.Dispose();
    }
}
