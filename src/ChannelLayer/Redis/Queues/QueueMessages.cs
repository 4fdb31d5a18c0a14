using ChannelsNet.Telemetry;
using StackExchange.Redis;

namespace ChannelsNet.Redis.Queues;

/// <summary>
/// The values of a queue: 12 random bytes, so that no two are the same member of a sorted set, then the message. The time of sending is the
/// value's score.
/// </summary>
internal sealed class QueueMessages(MessageCodec codec, QueueClock clock, TimeSpan expiry, Drops drops)
{
    private const int PrefixLength = 12;

    public byte[] Write(Message message, Messages.MessageRoute route)
    {
        var value = codec.Write(message, route, PrefixLength);
        Random.Shared.NextBytes(value.AsSpan(0, PrefixLength));
        return value;
    }

    /// <summary>Reads a value, unless it has expired or is no message, which is counted.</summary>
    public bool TryRead(SortedSetEntry entry, string queue, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Message? message, out Messages.MessageRoute route)
    {
        if (clock.Now - entry.Score >= expiry.TotalSeconds)
        {
            drops.Add(DropReason.Expired, queue);
            message = null;
            route = default;
            return false;
        }

        ReadOnlyMemory<byte> value = entry.Element;
        return codec.TryRead(value.Length > PrefixLength ? value[PrefixLength..] : default, queue, out message, out route);
    }
}
