using Microsoft.Extensions.Logging;

namespace ChannelsNet.Running;

internal static partial class RunningLog
{
    [LoggerMessage(1, LogLevel.Error, "{Consumer} failed; its {Protocol} connection is closed")]
    public static partial void ConsumerFailed(ILogger logger, string consumer, string protocol, Exception fault);

    [LoggerMessage(2, LogLevel.Error, "{Consumer} failed when its {Protocol} connection had ended")]
    public static partial void EndFailed(ILogger logger, string consumer, string protocol, Exception fault);
}
