using ChannelsNet.Messages;
using StackExchange.Redis;

namespace ChannelsNet.Redis.PubSub;

/// <summary>A message on its way to Redis.</summary>
/// <param name="Channel">Where it is published.</param>
/// <param name="Payload">Its bytes.</param>
/// <param name="Message">What the bytes say.</param>
/// <param name="Route">What the bytes say beside it.</param>
/// <param name="Group">The group that it goes to; null if it goes to a channel.</param>
internal readonly record struct Publication(RedisChannel Channel, byte[] Payload, Message Message, MessageRoute Route, string? Group);
