namespace ChannelsNet.WebSockets.Sending;

/// <summary>Where the bytes for one client go. One write at a time.</summary>
internal interface IOutput
{
    /// <summary>Writes bytes; ends when they are with the operating system or the server, and may be changed.</summary>
    /// <exception cref="IOException">The connection has ended; so do other exceptions of streams and sockets say.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes);
}
