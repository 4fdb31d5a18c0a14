namespace ChannelsNet.Chat;

/// <summary>One person in one chat room.</summary>
public sealed class ChatConsumer : JsonWebSocketConsumer<ChatInput>, IHandle<ChatMessage>
{
    private string Room => $"{Scope.RouteValues["room"]}";

    /// <summary>A WebSocket that is closed before it is accepted is refused with 403.</summary>
    protected override Task ConnectAsync() => ChatRoom.IsName(Room) ? JoinAsync() : CloseAsync();

    /// <inheritdoc/>
    protected override Task ReceiveAsync(ChatInput input) => input.Text is { Length: > 0 and <= ChatInput.MaxLength } text
        ? GroupSendAsync($"chat_{Room}", new ChatMessage(text))
        : ReceiveMalformedAsync($"Expected a text of 1 to {ChatInput.MaxLength} characters.");

    /// <inheritdoc/>
    public Task HandleAsync(ChatMessage message) => SendJsonAsync(message);

    private async Task JoinAsync()
    {
        await GroupAddAsync($"chat_{Room}");
        await AcceptAsync();
    }
}
