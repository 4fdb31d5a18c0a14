namespace ChannelsNet;

/// <summary>
/// The close codes that this library sends or tells by itself (RFC 6455, 7.4, and IANA's registry). An application sends those, and 3000 to 4999 of its
/// own; 4000 to 4999 are nobody's. <c>docs/close-codes.md</c> says when each comes, and whether a client should try again.
/// </summary>
public static class CloseCodes
{
    /// <summary>1000: a normal end, there is nothing more to say. Not to be retried.</summary>
    public const int Normal = 1000;

    /// <summary>1002: the client has broken a rule of the protocol. Not to be retried.</summary>
    public const int ProtocolError = 1002;

    /// <summary>1003: a kind of data that is not taken here, such as a binary message where JSON is expected. Not to be retried.</summary>
    public const int UnsupportedData = 1003;

    /// <summary>1005: never on the wire; the client closed without a code.</summary>
    public const int None = 1005;

    /// <summary>1006: never on the wire; the connection broke, or was refused.</summary>
    public const int Broken = 1006;

    /// <summary>1007: not what its kind of message must be, such as text that is no UTF-8. Not to be retried.</summary>
    public const int InvalidPayload = 1007;

    /// <summary>1008: the client does what it may not, such as sending too much in too short a time. Not to be retried by itself.</summary>
    public const int PolicyViolation = 1008;

    /// <summary>1009: a message larger than <see cref="WebSocketConnectionOptions.MaxMessageSize"/>. Not to be retried.</summary>
    public const int TooLarge = 1009;

    /// <summary>1011: the server has failed. To be retried after a while, longer each time.</summary>
    public const int ServerError = 1011;

    /// <summary>1012: the server restarts. To be retried after a short time that each client takes at random.</summary>
    public const int Restart = 1012;

    /// <summary>1013: try again later; the client reads too slowly. To be retried after a while, longer each time.</summary>
    public const int TryAgainLater = 1013;

    /// <summary>3000: the client's authentication has expired. To be retried once, with a new token or cookie.</summary>
    public const int Unauthorized = 3000;

    /// <summary>3003: the client may not have what it asked for, such as to join a group. Not to be retried as the same user.</summary>
    public const int Forbidden = 3003;
}
