namespace ChannelsNet.WebSockets.Sending;

/// <summary>Writes by the stream of the upgraded request, whatever is below it: TLS, HTTP/2, another server than Kestrel.</summary>
internal sealed class StreamOutput(Stream stream) : IOutput
{
    /// <summary>A longer write is split, so that a slow client makes progress that can be seen.</summary>
    private const int LargestPart = 64 * 1024;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, IWriteProgress progress) =>
        bytes.Length <= LargestPart ? stream.WriteAsync(bytes) : WritePartsAsync(bytes, progress);

    private async ValueTask WritePartsAsync(ReadOnlyMemory<byte> bytes, IWriteProgress progress)
    {
        for (; bytes.Length > LargestPart; bytes = bytes[LargestPart..])
        {
            await stream.WriteAsync(bytes[..LargestPart]).ConfigureAwait(false);
            progress.OnProgress();
        }

        await stream.WriteAsync(bytes).ConfigureAwait(false);
    }
}
