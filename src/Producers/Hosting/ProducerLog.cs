using Microsoft.Extensions.Logging;

namespace ChannelsNet.Hosting;

internal static partial class ProducerLog
{
    [LoggerMessage(1, LogLevel.Error, "{Producer} failed in one period; the next one comes")]
    public static partial void PeriodFailed(ILogger logger, Type producer, Exception fault);

    [LoggerMessage(2, LogLevel.Error, "{Producer} failed; it is run again in {Seconds} s")]
    public static partial void Failed(ILogger logger, Type producer, double seconds, Exception fault);
}
