using Microsoft.Extensions.Logging;

namespace ChannelsNet.WebSockets;

internal static partial class WebSocketLog
{
    [LoggerMessage(1, LogLevel.Warning, "WebSocket {Path} was neither accepted nor closed within {Seconds} s, so it is refused")]
    public static partial void NotAccepted(ILogger logger, string path, double seconds);

    [LoggerMessage(2, LogLevel.Information, "WebSocket {Path} sent a message of more than WebSocketConnectionOptions.MaxMessageSize = {Limit} bytes and is closed with 1009")]
    public static partial void TooLarge(ILogger logger, string path, int limit);

    [LoggerMessage(3, LogLevel.Warning, "WebSocket {Route} of connection {Connection} is read too slowly: since the last such line {Count} messages of this route were dropped ({Policy})")]
    public static partial void SlowClient(ILogger logger, string route, string connection, long count, WhenFull policy);

    [LoggerMessage(EventId = 4, Message = "WebSocket {Route}: {Count} refused since the last such line, the last because {Why}")]
    public static partial void Refused(ILogger logger, LogLevel level, string route, long count, string why);
}
