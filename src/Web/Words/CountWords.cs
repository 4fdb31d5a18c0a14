namespace ChannelsNet.Words;

/// <summary>Asks a worker to count the words of a text.</summary>
/// <param name="Text">The text.</param>
/// <param name="ReplyTo">The channel that gets the <see cref="WordsCounted"/>.</param>
[MessageType("words.count")]
public sealed record CountWords(string Text, string ReplyTo) : Message;
