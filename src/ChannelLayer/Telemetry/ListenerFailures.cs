using Microsoft.Extensions.Logging;

namespace ChannelsNet.Telemetry;

/// <summary>Logs exceptions of the listeners of channels: at most one line in ten seconds, with the number since the last.</summary>
internal sealed partial class ListenerFailures(TimeProvider time, ILogger logger)
{
    private readonly QuietCount _count = new();

    public void Add(string channel, Exception exception)
    {
        if (_count.Add(1, time, out var since))
        {
            Failed(logger, since, channel, exception);
        }
    }

    [LoggerMessage(
        21,
        LogLevel.Error,
        "IChannelListener.OnArrived has thrown {Count} times since the last such line, the last time for channel {Channel}. "
            + "The message is in its mailbox, and the other members of the group get it")]
    private static partial void Failed(ILogger logger, long count, string channel, Exception exception);
}
