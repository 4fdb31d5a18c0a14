namespace ChannelsNet.Clock;

/// <summary>Streams the time to one client as server-sent events.</summary>
public sealed class ClockEventsConsumer : HttpConsumer, IHandle<Tick>
{
    /// <inheritdoc/>
    protected override IReadOnlyList<string> Groups => ["clock"];

    /// <inheritdoc/>
    protected override Task HandleAsync(ReadOnlyMemory<byte> body) => StartEventsAsync();

    /// <inheritdoc/>
    public Task HandleAsync(Tick message) => SendJsonEventAsync(message);
}
