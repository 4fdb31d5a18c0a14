using Microsoft.Extensions.Logging;

namespace ChannelsNet.Accepting;

internal static partial class DescriptorLog
{
    private const string HowToRaise =
        "Raise the limit, for example with LimitNOFILE=65536 in the systemd unit, \"ulimits: nofile: 65536\" in Docker Compose, "
        + "or \"ulimit -n 65536\"";

    [LoggerMessage(
        1,
        LogLevel.Warning,
        "The process may open {Limit} file descriptors (RLIMIT_NOFILE), which is enough for about {Room} WebSockets. " + HowToRaise)]
    public static partial void LimitIsLow(ILogger logger, int limit, int room);

    [LoggerMessage(
        2,
        LogLevel.Error,
        "The process may open {Limit} file descriptors (RLIMIT_NOFILE). {Reserved} of them are reserved for the program, and it uses the "
            + "others already, so it cannot serve a WebSocket. " + HowToRaise + ", or set ConnectionLimits.ReservedFileDescriptors to less")]
    public static partial void LimitIsTooLow(ILogger logger, int limit, int reserved);

    [LoggerMessage(
        3,
        LogLevel.Warning,
        "Connections closed since the last such line: {Count}. The process may open {Limit} file descriptors (RLIMIT_NOFILE); {Reserved} of "
            + "them are reserved for the program, and the others are open. " + HowToRaise)]
    public static partial void Rejected(ILogger logger, long count, int limit, int reserved);

    [LoggerMessage(
        4,
        LogLevel.Error,
        "The program has opened as many file descriptors as the process may ({Limit}, RLIMIT_NOFILE), and also those that were reserved for "
            + "it. The server accepts no connection until one is free. Find out what opens them (ls -l /proc/PID/fd), or set "
            + "ConnectionLimits.ReservedFileDescriptors to more")]
    public static partial void Exhausted(ILogger logger, int limit);
}
