using Microsoft.Extensions.Logging;

namespace ChannelsNet.Running;

internal static partial class RunningLog
{
    [LoggerMessage(1, LogLevel.Error, "{Consumer} failed; its {Protocol} connection is closed")]
    public static partial void ConsumerFailed(ILogger logger, string consumer, string protocol, Exception fault);

    [LoggerMessage(3, LogLevel.Error, "{Connection}: the application failed, and the connection is closed")]
    public static partial void ApplicationFailed(ILogger logger, string connection, Exception exception);

    [LoggerMessage(4, LogLevel.Warning, "{Connection}: the application is still running {Seconds} s after its client has gone. Let it end when Scope.Aborted is canceled")]
    public static partial void Outlived(ILogger logger, string connection, double seconds);

    [LoggerMessage(5, LogLevel.Warning, "{Connection}: the host stops without the application, which is still running though its client has gone")]
    public static partial void Abandoned(ILogger logger, string connection);

    [LoggerMessage(2, LogLevel.Error, "{Consumer} failed when its {Protocol} connection had ended")]
    public static partial void EndFailed(ILogger logger, string consumer, string protocol, Exception fault);
}
