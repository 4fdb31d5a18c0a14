using ChannelsNet.Background;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Security;

/// <summary>Logs why an origin was refused, once for each: a page that tries again and again, or a client that invents origins, fills no log.</summary>
internal sealed partial class RefusedOrigins(ILogger<OriginValidator> logger)
{
    public const int MostLogged = 100;

    private const int LongestLogged = 200;

    private readonly HashSet<string> _seen = [];

    public void Log(string path, string origin, string reason)
    {
        var shown = origin.Length > LongestLogged ? $"{origin[..LongestLogged]}…" : origin;
        int count;
        lock (_seen)
        {
            if (_seen.Count > MostLogged || !_seen.Add(shown))
            {
                return;
            }

            count = _seen.Count;
        }

        if (count > MostLogged)
        {
            TooMany(SafeLogger.Of(logger), MostLogged);
        }
        else
        {
            Refused(SafeLogger.Of(logger), path, shown, reason);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "WebSocket {Path} is refused with 403: it was asked for by a page of \"{Origin}\", {Reason}. This is logged once for each origin")]
    private static partial void Refused(ILogger log, string path, string origin, string reason);

    [LoggerMessage(2, LogLevel.Warning, "WebSockets of more than {Count} origins were refused; further origins are not logged")]
    private static partial void TooMany(ILogger log, int count);
}
