using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

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
    protected sealed override Task ReceiveAsync(string text)
    {
        TInput? input;
        try
        {
            input = JsonSerializer.Deserialize(text, (JsonTypeInfo<TInput>)Json.GetTypeInfo(typeof(TInput)));
        }
        catch (JsonException fault)
        {
            return ReceiveMalformedAsync($"Expected a JSON {typeof(TInput).Name}; {Where(fault)}.");
        }

        return input is null ? ReceiveMalformedAsync($"Expected a JSON {typeof(TInput).Name}, not null.") : ReceiveAsync(input);
    }

    /// <inheritdoc/>
    protected sealed override Task ReceiveAsync(ReadOnlyMemory<byte> bytes) =>
        ReceiveMalformedAsync($"Expected a JSON {typeof(TInput).Name} as text, not a binary message.");

    private static string Where(JsonException fault) =>
        fault.Path is { Length: > 0 and < 40 } path ? $"it is wrong at {path}" : "it is malformed";
}
