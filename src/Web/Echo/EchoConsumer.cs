namespace ChannelsNet.Echo;

/// <summary>Sends back what comes as it came, which is what a conformance suite such as Autobahn's asks of a server.</summary>
public sealed class EchoConsumer : WebSocketConsumer
{
    /// <summary>The largest message of Autobahn's suite has 16 MiB, and a part of the suite is about compression.</summary>
    public static void Configure(WebSocketConnectionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.MaxMessageSize = 16 * 1024 * 1024;
        options.Compression = true;
    }

    /// <inheritdoc/>
    protected override Task ReceiveAsync(string text) => SendTextAsync(text);

    /// <inheritdoc/>
    protected override Task ReceiveAsync(ReadOnlyMemory<byte> bytes) => SendBytesAsync(bytes);
}
