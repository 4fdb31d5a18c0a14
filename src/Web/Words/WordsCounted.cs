namespace ChannelsNet.Words;

/// <summary>A worker has counted.</summary>
/// <param name="Words">How many words there are.</param>
/// <param name="Worker">The process that has counted them.</param>
[MessageType("words.counted")]
public sealed record WordsCounted(int Words, string Worker) : Message;
