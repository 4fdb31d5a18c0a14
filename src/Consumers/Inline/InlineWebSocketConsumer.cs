namespace ChannelsNet.Inline;

/// <summary>The consumer of one connection of an <see cref="InlineConsumer"/>.</summary>
internal sealed class InlineWebSocketConsumer : WebSocketConsumer
{
    private readonly InlineHandlers _handlers;
    private readonly InlineSocket _socket;

    public InlineWebSocketConsumer(InlineHandlers handlers)
    {
        _handlers = handlers;
        _socket = new InlineSocket(this);
    }

    protected internal override IReadOnlyList<string> Groups => _handlers.Groups;

    protected override Task ConnectAsync() => _handlers.Connect?.Invoke(_socket) ?? base.ConnectAsync();

    protected override Task ReceiveAsync(string text) => _handlers.Text?.Invoke(_socket, text) ?? base.ReceiveAsync(text);

    protected override Task ReceiveAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_handlers.Bytes is { } handler)
        {
            return handler(_socket, bytes);
        }

        return _handlers.NotBytes is { } fault ? CloseAsync(1003, fault) : base.ReceiveAsync(bytes);
    }

    protected override Task DisconnectAsync(int code) => _handlers.Disconnect?.Invoke(_socket, code) ?? base.DisconnectAsync(code);

    protected internal override Task DispatchAsync(Message message) =>
        _handlers.Find(message.GetType())?.Invoke(_socket, message) ?? throw new InvalidOperationException(
            $"An {nameof(InlineConsumer)} got a {message.GetType()} and has no delegate for it. "
            + $"Write .On<{message.GetType().Name}>(…), or do not send it such messages.");
}
