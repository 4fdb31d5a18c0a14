using Microsoft.Extensions.Logging;

namespace ChannelsNet.WebSockets.Limits;

internal static partial class LimitsLog
{
    [LoggerMessage(
        1,
        LogLevel.Warning,
        "ConnectionLimits.MaxConnectionsPerUser is {Limit}, but a user authenticated by {Scheme} has no id: neither the claim \"sub\" nor ClaimTypes.NameIdentifier. "
            + "The WebSockets of such users are not counted. Let the scheme issue one of these claims, or add it by an IClaimsTransformation. This line comes once")]
    public static partial void UserWithoutId(ILogger logger, int? limit, string? scheme);
}
