namespace ChannelsNet.WebSockets.Sending;

/// <summary>Writes by the stream of the upgraded request, whatever is beneath it: TLS, HTTP/2, another server than Kestrel.</summary>
internal sealed class StreamOutput(Stream stream) : IOutput
{
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes) => stream.WriteAsync(bytes);
}
