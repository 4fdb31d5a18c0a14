using ChannelsNet.Security;

namespace ChannelsNet;

/// <summary>What happens to a connection whose client reads more slowly than messages come, when its outgoing queue is full. Each message lost is counted.</summary>
public enum WhenFull
{
    /// <summary>
    /// What waits is dropped and the WebSocket is closed with 1013; if the client does not even read that within
    /// <see cref="WebSocketConnectionOptions.CloseTimeout"/>, the connection is cut. The client sees that it has missed something.
    /// </summary>
    Disconnect,

    /// <summary>The oldest messages that wait are dropped for the new one.</summary>
    DropOldest,

    /// <summary>The new message is dropped.</summary>
    DropNewest,

    /// <summary>
    /// Of the messages that wait only the latest of each <see cref="WebSocketSend.Kind"/> is kept, which is by itself the type of the message that the
    /// consumer handles; if that makes no space, the oldest are dropped. For states such as the time, of which only the last counts.
    /// </summary>
    KeepLatest,
}

/// <summary>
/// The options of all WebSockets of the host, set with <c>services.Configure&lt;WebSocketConnectionOptions&gt;(…)</c>; those of one route with
/// <see cref="WebSocketApplicationExtensions.WithWebSocketOptions"/>. Checked when the routes are mapped, all faults at once.
/// </summary>
public sealed class WebSocketConnectionOptions
{
    private const int MostMessagesPerSecond = 1_000_000;

    /// <summary>
    /// The sites whose pages may open WebSockets: a host (<c>example.com</c>), a host and all its subdomains (<c>.example.com</c>), either with a port
    /// (<c>example.com:8000</c>) or as an origin (<c>https://example.com</c>, <c>https://.example.com:8443</c>), or <c>*</c> for any. Without a scheme any
    /// is taken, without scheme and port any port. Default: empty, which means the site that the request is made to (its <c>Host</c>). Others are refused
    /// with 403; a request without an <c>Origin</c> header is no browser's and is admitted. <see cref="OriginValidator"/> says more.
    /// </summary>
    public IList<string> AllowedOrigins { get; private set; } = [];

    /// <summary>
    /// The largest message that a client may send, in bytes, of a compressed one those that come out; a larger one closes with 1009. At least 1. Default: 1 MiB.
    /// </summary>
    public int MaxMessageSize { get; set; } = 1024 * 1024;

    /// <summary>
    /// How many messages may wait for the client, beside those that are just being written; at least 1. Default: 1,000.
    /// </summary>
    public int MaxQueuedMessages { get; set; } = 1000;

    /// <summary>
    /// How many bytes may wait for the client, beside those that are just being written (at most 64 KiB, or one message); at least 1. A message that is
    /// larger than this waits if nothing else does. Default: 1 MiB.
    /// </summary>
    public long MaxQueuedBytes { get; set; } = 1024 * 1024;

    /// <summary>What happens when so much waits for the client already. Default: <see cref="WhenFull.Disconnect"/>.</summary>
    public WhenFull WhenFull { get; set; }

    /// <summary>
    /// Compresses messages for clients that offer it (permessage-deflate, RFC 7692), each once for all clients, and takes compressed ones. Each message is
    /// compressed by itself, so that nothing is kept in memory between them. Default: false, because compression
    /// costs the server more than the network gains on small messages, and lets an attacker who sees the lengths and can place text beside a secret in one
    /// message guess the secret (CRIME, BREACH).
    /// </summary>
    public bool Compression { get; set; }

    /// <summary>After what silence the server pings the client; zero for never. Default: 20 seconds.</summary>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long the server waits for the answer to a ping before it takes the client for gone. Default: 30 seconds.</summary>
    public TimeSpan PingTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the application may take to accept or reject a client; then the client gets 503. Default: 5 seconds.
    /// </summary>
    public TimeSpan AcceptTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the server waits for the client's answer when it closes. Default: 5 seconds.</summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a write may wait for a client that takes nothing; then the connection is cut, whatever the client sends meanwhile. A client that reads slowly must
    /// take 16 KiB (64 KiB over TLS and HTTP/2) within this time. Default: 30 seconds.
    /// </summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a consumer may go on after its client is gone. Then a warning names it, and a host that stops no longer waits for it. Default: 10 seconds.
    /// </summary>
    public TimeSpan ApplicationCloseTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether a WebSocket is closed with 3000 when the authentication of its request expires (<c>AuthenticationProperties.ExpiresUtc</c>, which cookies and
    /// JWT bearer tokens set), and refused with 401 if it has expired already. Default: true.
    /// </summary>
    public bool CloseOnAuthenticationExpiration { get; set; } = true;

    /// <summary>
    /// How many messages and pings a client may send in a second, on average; one more closes with 1008. 1 to 1,000,000, or null for any number. Default: null.
    /// </summary>
    public int? MaxMessagesPerSecond { get; set; }

    /// <summary>
    /// How many messages and pings a client may send at once, after a pause; then as many as <see cref="MaxMessagesPerSecond"/> says, without which there is none. At
    /// least 1. Default: null, for those of one second.
    /// </summary>
    public int? MessageBurst { get; set; }

    /// <summary>
    /// How many groups a consumer of these routes may be in at once, those of <see cref="Consumer.Groups"/> included; one more is a
    /// <see cref="TooManyGroupsException"/>. At least 1, or null for any number. Default: null.
    /// </summary>
    public int? MaxGroups { get; set; }

    internal WebSocketConnectionOptions Copy()
    {
        var copy = (WebSocketConnectionOptions)MemberwiseClone();
        copy.AllowedOrigins = [.. AllowedOrigins];
        return copy;
    }

    /// <summary>Every fault of these options, a sentence each.</summary>
    internal IEnumerable<string> Faults()
    {
        foreach (var fault in AllowedOrigins.Select(OriginPattern.Fault).OfType<string>())
        {
            yield return $"{nameof(WebSocketConnectionOptions)}.{nameof(AllowedOrigins)}: {fault}";
        }

        foreach (var (name, value) in new[]
        {
            (nameof(MaxMessageSize), MaxMessageSize), (nameof(MaxQueuedMessages), MaxQueuedMessages), (nameof(MaxQueuedBytes), MaxQueuedBytes),
        })
        {
            if (value < 1)
            {
                yield return $"{nameof(WebSocketConnectionOptions)}.{name} is {value}; expected 1 or more.";
            }
        }

        foreach (var (name, value) in new[] { (nameof(MessageBurst), MessageBurst), (nameof(MaxGroups), MaxGroups) })
        {
            if (value < 1)
            {
                yield return $"{nameof(WebSocketConnectionOptions)}.{name} is {value}; expected 1 or more, or null.";
            }
        }

        if (MaxMessagesPerSecond is < 1 or > MostMessagesPerSecond)
        {
            yield return $"{nameof(WebSocketConnectionOptions)}.{nameof(MaxMessagesPerSecond)} is {MaxMessagesPerSecond}; expected 1 to {MostMessagesPerSecond}, or null.";
        }

        if (MessageBurst is not null && MaxMessagesPerSecond is null)
        {
            yield return $"{nameof(WebSocketConnectionOptions)}.{nameof(MessageBurst)} is {MessageBurst} and limits nothing; set {nameof(MaxMessagesPerSecond)} too.";
        }

        if (!Enum.IsDefined(WhenFull))
        {
            yield return $"{nameof(WebSocketConnectionOptions)}.{nameof(WhenFull)} is {WhenFull}; expected one of {string.Join(", ", Enum.GetNames<WhenFull>())}.";
        }

        foreach (var (name, value) in new[]
        {
            (nameof(PingTimeout), PingTimeout), (nameof(AcceptTimeout), AcceptTimeout), (nameof(CloseTimeout), CloseTimeout),
            (nameof(WriteTimeout), WriteTimeout), (nameof(ApplicationCloseTimeout), ApplicationCloseTimeout),
        })
        {
            if (value <= TimeSpan.Zero)
            {
                yield return $"{nameof(WebSocketConnectionOptions)}.{name} is {value}; expected more than zero.";
            }
        }

        if (PingInterval < TimeSpan.Zero)
        {
            yield return $"{nameof(WebSocketConnectionOptions)}.{nameof(PingInterval)} is {PingInterval}; expected zero for no pings, or more.";
        }
    }
}
