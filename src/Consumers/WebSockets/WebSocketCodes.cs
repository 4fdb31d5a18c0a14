using Microsoft.AspNetCore.Http;

namespace ChannelsNet.WebSockets;

/// <summary>What can be done with a close code.</summary>
internal static class WebSocketCodes
{
    /// <summary>Whether a server may send it.</summary>
    public static bool IsSendable(int code) => code is 1000 or 1001 or 1002 or 1003 or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);

    public static void Require(int code)
    {
        if (!IsSendable(code))
        {
            throw new ArgumentOutOfRangeException(nameof(code), code,
                $"{code} is no close code that a server can send. Expected 1000, 1001, 1003, 1007 to 1014, or 3000 to 4999.");
        }
    }

    /// <summary>Before the handshake is answered the client can be told by an HTTP status only.</summary>
    public static int RefusalStatus(int code) => code switch
    {
        CloseCodes.ServerError => StatusCodes.Status500InternalServerError,
        CloseCodes.Restart or CloseCodes.TryAgainLater => StatusCodes.Status503ServiceUnavailable,
        CloseCodes.Unauthorized => StatusCodes.Status401Unauthorized,
        _ => StatusCodes.Status403Forbidden,
    };
}
