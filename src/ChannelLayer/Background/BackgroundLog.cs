using Microsoft.Extensions.Logging;

namespace ChannelsNet.Background;

internal static partial class BackgroundLog
{
    [LoggerMessage(30, LogLevel.Error, "{Work} failed")]
    public static partial void Failed(ILogger logger, string work, Exception exception);
}
