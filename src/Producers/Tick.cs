namespace ChannelsNet;

/// <summary>A second has begun.</summary>
/// <param name="TimeValue">The time of day as HH:MM:SS, in the time zone of the producer.</param>
[MessageType("clock.tick")]
public sealed record Tick(string TimeValue) : Message;
