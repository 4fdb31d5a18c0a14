namespace ChannelsNet;

/// <summary>The options of all WebSockets of the host; set them with <c>services.Configure&lt;WebSocketConnectionOptions&gt;(…)</c>.</summary>
public sealed class WebSocketConnectionOptions
{
    /// <summary>The largest message that a client may send, in bytes; a larger one closes with 1009. Default: 1 MiB.</summary>
    public int MaxMessageSize { get; set; } = 1024 * 1024;

    /// <summary>After what silence the server pings the client. Default: 20 seconds.</summary>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long the server waits for the answer to a ping before it takes the client for gone. Default: 30 seconds.</summary>
    public TimeSpan PingTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a client waits to be accepted before it is refused. Default: 5 seconds.</summary>
    public TimeSpan AcceptTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the server waits for the client's answer when it closes. Default: 5 seconds.</summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
