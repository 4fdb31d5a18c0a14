using Microsoft.Extensions.Logging;

namespace ChannelsNet.WebSockets;

internal static partial class WebSocketLog
{
    [LoggerMessage(3, LogLevel.Warning, "WebSocket {Route} of connection {Connection} is read too slowly: since the last such line {Count} messages of this route were dropped ({Policy})")]
    public static partial void SlowClient(ILogger logger, string route, string connection, long count, WhenFull policy);

    [LoggerMessage(6, LogLevel.Error, "WebSocket {Route}: writing to a client failed, and the connection is cut")]
    public static partial void WriteFailed(ILogger logger, string route, Exception exception);

    [LoggerMessage(EventId = 4, Message = "WebSocket {Route}: {Count} refused since the last such line, the last because {Why}")]
    public static partial void Refused(ILogger logger, LogLevel level, string route, long count, string why);
}
