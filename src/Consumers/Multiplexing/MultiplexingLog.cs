using Microsoft.Extensions.Logging;

namespace ChannelsNet.Multiplexing;

internal static partial class MultiplexingLog
{
    [LoggerMessage(1, LogLevel.Error, "The application of the stream {Stream} failed; the stream is closed")]
    public static partial void StreamFailed(ILogger logger, string stream, Exception fault);

    [LoggerMessage(2, LogLevel.Warning, "The stream {Stream} was neither accepted nor closed within {Seconds} s, so it is closed")]
    public static partial void NotAccepted(ILogger logger, string stream, double seconds);
}
