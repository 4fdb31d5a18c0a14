using Microsoft.Extensions.Logging;

namespace ChannelsNet.Http;

internal static partial class HttpLog
{
    [LoggerMessage(1, LogLevel.Information, "HTTP request {Path} has a body of more than HttpConnectionOptions.MaxRequestBodySize = {Limit} bytes and is refused with 413")]
    public static partial void TooLarge(ILogger logger, string path, int limit);

    [LoggerMessage(2, LogLevel.Error, "HTTP request {Path}: its application has ended without a whole response; the client gets 500, or sees that the response is broken off")]
    public static partial void Unanswered(ILogger logger, string path);

    [LoggerMessage(3, LogLevel.Information, "HTTP request {Path}: the client has read nothing for HttpConnectionOptions.WriteTimeout = {Seconds} s, so the response is broken off")]
    public static partial void NotRead(ILogger logger, string path, double seconds);
}
