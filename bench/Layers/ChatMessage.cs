namespace ChannelsNet.Bench.Layers;

/// <summary>What all measurements send; MESSAGE in channels_redis_bench.py has the same bytes.</summary>
[MessageType("chat.message")]
public sealed record ChatMessage(string Text, int Number) : Message
{
    public static ChatMessage Hello { get; } = new("Hello, everybody who is in this room.", 42);
}
