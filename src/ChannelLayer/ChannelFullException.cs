namespace ChannelsNet;

/// <summary>A channel holds as many unread messages as its capacity, so the next one was not sent.</summary>
public sealed class ChannelFullException : Exception
{
    internal ChannelFullException(string channel, int capacity)
        : base($"Channel \"{channel}\" is full: it holds {capacity} unread messages, which is its capacity. "
            + "Its reader is slower than its senders: drop the message, send it again later, add readers, "
            + $"or raise {nameof(ChannelLayerOptions.Capacity)} or {nameof(ChannelLayerOptions.ChannelCapacity)} for it.")
    {
        Channel = channel;
        Capacity = capacity;
    }

    /// <summary>The channel that is full.</summary>
    public string Channel { get; }

    /// <summary>How many unread messages it may hold.</summary>
    public int Capacity { get; }
}
