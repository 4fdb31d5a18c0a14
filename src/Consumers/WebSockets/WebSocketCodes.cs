using Microsoft.AspNetCore.Http;

namespace ChannelsNet.WebSockets;

/// <summary>The close codes (RFC 6455, 7.4, and IANA's list).</summary>
internal static class WebSocketCodes
{
    public const int ProtocolError = 1002;

    /// <summary>Never on the wire: the client closed without a code.</summary>
    public const int None = 1005;

    /// <summary>Never on the wire: the connection broke, or was refused.</summary>
    public const int Broken = 1006;

    /// <summary>Not what its kind of message must be, such as text that is no UTF-8.</summary>
    public const int InvalidPayload = 1007;

    public const int PolicyViolation = 1008;

    public const int TooLarge = 1009;

    public const int Restart = 1012;

    /// <summary>Try again later: the client reads too slowly, or there is no space for it.</summary>
    public const int TryAgainLater = 1013;

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
        1011 => StatusCodes.Status500InternalServerError,
        Restart or TryAgainLater => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status403Forbidden,
    };
}
