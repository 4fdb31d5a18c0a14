using Microsoft.Extensions.Logging;

namespace ChannelsNet.Workers;

internal static partial class WorkerLog
{
    [LoggerMessage(1, LogLevel.Information, "Worker takes messages from channel {Channel} of layer {Layer}, {Concurrency} in parallel")]
    public static partial void Started(ILogger logger, string channel, string layer, int concurrency);

    [LoggerMessage(2, LogLevel.Error, "A message {Type} of channel {Channel} failed; the next one comes")]
    public static partial void Failed(ILogger logger, string channel, string type, Exception fault);

    [LoggerMessage(3, LogLevel.Error, "Can't take messages from channel {Channel}; trying again in {Seconds} s")]
    public static partial void NotTaken(ILogger logger, string channel, double seconds, Exception fault);

    [LoggerMessage(4, LogLevel.Warning, "{Count} messages of channel {Channel} were still being handled when the time to stop the host was over, and are abandoned")]
    public static partial void Abandoned(ILogger logger, string channel, int count);

    [LoggerMessage(5, LogLevel.Warning, "{Count} messages of channel {Channel} had been taken and not begun when the time to stop the host was over; they are on their channel again")]
    public static partial void Returned(ILogger logger, string channel, int count);

    [LoggerMessage(6, LogLevel.Error, "{Count} messages of channel {Channel} had been taken and not begun when the time to stop the host was over, and are lost, since they could not be sent back")]
    public static partial void Lost(ILogger logger, string channel, int count, Exception fault);
}
