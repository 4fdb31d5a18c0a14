namespace ChannelsNet;

/// <summary>
/// The handle of a channel of this process's own, from <see cref="IChannelLayer.NewChannelAsync"/>. Disposing it ends the channel:
/// it leaves all its groups, and what it holds is dropped. One reader at a time.
/// </summary>
public interface IChannel : IAsyncDisposable
{
    /// <summary>The name by which anybody can send to it or add it to a group.</summary>
    string Name { get; }

    /// <summary>Takes the next message if there is one.</summary>
    bool TryRead([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Message? message);

    /// <summary>Takes the next message, waiting for one if there is none. A cancelled call loses no message.</summary>
    /// <exception cref="ObjectDisposedException">The channel has ended.</exception>
    ValueTask<Message> ReadAsync(CancellationToken cancellationToken = default);
}

/// <summary>Is told that a channel has something to read, so that nobody has to wait on each of many channels.</summary>
public interface IChannelListener
{
    /// <summary>
    /// A message has arrived. Called on the sender's thread, which may be serving thousands of channels: take note
    /// (set a flag, enqueue), and neither read, work, wait nor join a group here. An exception is logged; it reaches neither the sender nor other channels.
    /// </summary>
    void OnArrived();
}
