namespace ChannelsNet;

/// <summary>A message is larger than the layer takes, so it was not sent.</summary>
public sealed class MessageTooLargeException : Exception
{
    internal MessageTooLargeException(Message message, int size, int limit)
        : base($"A {message.GetType().Name} has {size} bytes, and a message may have {limit}. Send a reference to what is large "
            + $"(a file, a row), or raise {nameof(ChannelLayerOptions.MaxMessageSize)}.")
    {
        Size = size;
        Limit = limit;
    }

    /// <summary>How many bytes the message has.</summary>
    public int Size { get; }

    /// <summary>How many it may have.</summary>
    public int Limit { get; }
}
