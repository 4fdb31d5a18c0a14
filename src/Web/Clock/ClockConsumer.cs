namespace ChannelsNet.Clock;

/// <summary>Shows the time to one browser.</summary>
public sealed class ClockConsumer : WebSocketConsumer, IHandle<Tick>
{
    /// <inheritdoc/>
    protected override IReadOnlyList<string> Groups => ["clock"];

    /// <inheritdoc/>
    public Task HandleAsync(Tick message) => SendJsonAsync(message);
}
