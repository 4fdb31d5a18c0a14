namespace ChannelsNet;

/// <summary>A worker has taken a message from its channel: the only event of its connection, which is one message long.</summary>
/// <param name="Message">The message.</param>
public sealed record WorkerReceive(Message Message) : ClientEvent;
