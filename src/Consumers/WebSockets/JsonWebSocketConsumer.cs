using ChannelsNet.WebSockets;

namespace ChannelsNet;

/// <summary>Serves one WebSocket whose client sends JSON text messages of one shape.</summary>
/// <typeparam name="TInput">The shape; it is read by the host's JSON options (<c>ConfigureHttpJsonOptions</c>).</typeparam>
public abstract class JsonWebSocketConsumer<TInput> : WebSocketConsumer
{
    /// <summary>A message has come. Default: it is passed over.</summary>
    protected virtual Task ReceiveAsync(TInput input) => Task.CompletedTask;

    /// <summary>
    /// A message has come that is not what was expected: no JSON, JSON of another shape, or binary. Default: closes with 1003 and the reason.
    /// </summary>
    /// <param name="reason">What is wrong, in words for the client's developer.</param>
    protected virtual Task ReceiveMalformedAsync(string reason) => CloseAsync(1003, reason);

    /// <inheritdoc/>
    protected sealed override Task ReceiveAsync(string text) =>
        JsonInput.TryRead<TInput>(text, Json, out var input, out var fault) ? ReceiveAsync(input) : ReceiveMalformedAsync(fault);

    /// <inheritdoc/>
    protected sealed override Task ReceiveAsync(ReadOnlyMemory<byte> bytes) => ReceiveMalformedAsync(JsonInput.NotBytes<TInput>());
}
