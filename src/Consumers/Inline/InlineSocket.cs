using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet;

/// <summary>
/// The WebSocket of one connection in the hands of an <see cref="InlineConsumer"/>'s delegates: what a <see cref="WebSocketConsumer"/> has for itself.
/// </summary>
public sealed class InlineSocket
{
    private readonly WebSocketConsumer _consumer;

    internal InlineSocket(WebSocketConsumer consumer) => _consumer = consumer;

    /// <inheritdoc cref="Consumer.Scope"/>
    public Scope Scope => _consumer.Scope;

    /// <inheritdoc cref="Consumer.Layer"/>
    public IChannelLayer Layer => _consumer.Layer;

    /// <inheritdoc cref="Consumer.ChannelName"/>
    public string ChannelName => _consumer.ChannelName;

    /// <summary>The host's JSON options.</summary>
    internal JsonSerializerOptions Json => _consumer.Json;

    /// <inheritdoc cref="WebSocketConsumer.AcceptAsync"/>
    public Task AcceptAsync(string? subprotocol = null, IHeaderDictionary? headers = null) => _consumer.AcceptAsync(subprotocol, headers);

    /// <inheritdoc cref="WebSocketConsumer.SendTextAsync"/>
    public Task SendTextAsync(string text) => _consumer.SendTextAsync(text);

    /// <inheritdoc cref="WebSocketConsumer.SendBytesAsync"/>
    public Task SendBytesAsync(ReadOnlyMemory<byte> bytes) => _consumer.SendBytesAsync(bytes);

    /// <inheritdoc cref="WebSocketConsumer.SendJsonAsync{TValue}(TValue)"/>
    public Task SendJsonAsync<TValue>(TValue value) => _consumer.SendJsonAsync(value);

    /// <inheritdoc cref="WebSocketConsumer.SendJsonAsync{TMessage, TValue}(TMessage, Func{TMessage, TValue})"/>
    public Task SendJsonAsync<TMessage, TValue>(TMessage message, Func<TMessage, TValue> view)
        where TMessage : Message => _consumer.SendJsonAsync(message, view);

    /// <inheritdoc cref="WebSocketConsumer.ForwardJsonAsync"/>
    public Task ForwardJsonAsync(Message message) => _consumer.ForwardJsonAsync(message);

    /// <inheritdoc cref="WebSocketConsumer.ForwardMessagePackAsync"/>
    public Task ForwardMessagePackAsync(Message message) => _consumer.ForwardMessagePackAsync(message);

    /// <inheritdoc cref="WebSocketConsumer.FlushAsync"/>
    public Task FlushAsync() => _consumer.FlushAsync();

    /// <inheritdoc cref="Consumer.GroupAddAsync"/>
    public Task GroupAddAsync(string group) => _consumer.GroupAddAsync(group);

    /// <inheritdoc cref="Consumer.GroupDiscardAsync"/>
    public Task GroupDiscardAsync(string group) => _consumer.GroupDiscardAsync(group);

    /// <inheritdoc cref="Consumer.GroupSendAsync"/>
    public Task GroupSendAsync(string group, Message message, bool exceptSelf = false) => _consumer.GroupSendAsync(group, message, exceptSelf);

    /// <inheritdoc cref="Consumer.SendAsync(string, Message)"/>
    public Task SendAsync(string channel, Message message) => _consumer.SendAsync(channel, message);

    /// <inheritdoc cref="WebSocketConsumer.RefuseAsync(int, string)"/>
    public Task RefuseAsync(int status = StatusCodes.Status403Forbidden, string body = "") => _consumer.RefuseAsync(status, body);

    /// <inheritdoc cref="WebSocketConsumer.CloseAsync"/>
    public Task CloseAsync(int code = 1000, string reason = "") => _consumer.CloseAsync(code, reason);
}
