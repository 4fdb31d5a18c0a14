using System.Text.Json;

namespace ChannelsNet.Python;

/// <summary>The options of a layer of channels_redis; what is null is left to its default.</summary>
public sealed record PythonLayerOptions
{
    /// <summary>"core" or "pubsub".</summary>
    public required string Backend { get; init; }

    /// <summary>Redis servers as host:port.</summary>
    public required IReadOnlyList<string> Hosts { get; init; }

    public string? Prefix { get; init; }

    /// <summary>Version 4.0.0 takes these with pubsub and does not encrypt.</summary>
    public IReadOnlyList<string>? EncryptionKeys { get; init; }

    /// <summary>In messages.</summary>
    public long? Capacity { get; init; }

    /// <summary>In seconds.</summary>
    public long? Expiry { get; init; }

    /// <summary>In seconds.</summary>
    public long? GroupExpiry { get; init; }
}

/// <summary>A channel layer of channels_redis. Each method throws <see cref="PythonException"/> for what Python raised.</summary>
public sealed class PythonLayer : IAsyncDisposable
{
    private readonly PythonPeer _peer;
    private readonly int _number;

    internal PythonLayer(PythonPeer peer, int number)
    {
        _peer = peer;
        _number = number;
    }

    public async Task<string> NewChannelAsync(string? prefix = null) =>
        (await CallAsync("new_channel", new() { ["prefix"] = prefix })).GetString()!;

    public Task SendAsync(string channel, UntypedMessage message) =>
        CallAsync("send", new() { ["channel"] = channel, ["message"] = PythonValues.MapOf(message) });

    /// <summary>
    /// Takes the next message. A call that has had no time leaves its reader to the next call for the channel: what comes meanwhile
    /// is not lost, but no other process gets it either.
    /// </summary>
    /// <exception cref="TimeoutException">Nothing came in time.</exception>
    public async Task<UntypedMessage> ReceiveAsync(string channel, TimeSpan? timeout = null)
    {
        try
        {
            var seconds = (timeout ?? TimeSpan.FromSeconds(10)).TotalSeconds;
            return PythonValues.MessageOf(await CallAsync("receive", new() { ["channel"] = channel, ["timeout"] = seconds }));
        }
        catch (PythonException fault) when (fault.Error == "TimeoutError")
        {
            throw new TimeoutException(fault.Message, fault);
        }
    }

    /// <remarks>With pubsub the server knows of it when this ends.</remarks>
    public Task GroupAddAsync(string group, string channel) => CallAsync("group_add", new() { ["group"] = group, ["channel"] = channel });

    public Task GroupDiscardAsync(string group, string channel) =>
        CallAsync("group_discard", new() { ["group"] = group, ["channel"] = channel });

    public Task GroupSendAsync(string group, UntypedMessage message) =>
        CallAsync("group_send", new() { ["group"] = group, ["message"] = PythonValues.MapOf(message) });

    /// <summary>With core, deletes every key that begins with the prefix.</summary>
    public Task FlushAsync() => CallAsync("flush", []);

    /// <summary>Ends its readers and its connections.</summary>
    public async ValueTask DisposeAsync() => await CallAsync("close", []);

    private Task<JsonElement> CallAsync(string call, Dictionary<string, object?> arguments) => _peer.CallAsync(call, _number, arguments);
}
