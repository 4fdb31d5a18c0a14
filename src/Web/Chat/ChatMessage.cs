namespace ChannelsNet.Chat;

/// <summary>Somebody has said something in a room; as Django's tutorial has it.</summary>
/// <param name="Text">The words: plain text, never HTML.</param>
[MessageType("chat.message")]
public sealed record ChatMessage(string Text) : Message;
