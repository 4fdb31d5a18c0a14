using ChannelsNet.Hosting;

namespace ChannelsNet;

/// <summary>
/// Puts messages on channels and groups, from the start of the host to its end. Add it with <c>AddProducer</c>; it is made once, and
/// its constructor gets services.
/// </summary>
public abstract class Producer
{
    private ProducerContext? _context;

    /// <summary>The layer that the messages go to.</summary>
    protected IChannelLayer Layer => Context.Layer;

    /// <summary>The clock.</summary>
    protected TimeProvider Time => Context.Time;

    internal ProducerContext Context
    {
        get => _context ?? throw new InvalidOperationException(
            $"{GetType()} is not run by a host, so it has no layer yet. Add it with .AddProducer<{GetType().Name}>(), and use the layer in RunAsync, not in the constructor.");
        set => _context = value;
    }

    /// <summary>Sends until the host stops. If it throws, the fault is logged and it is run again after a while.</summary>
    /// <param name="stopping">Is cancelled when the host stops.</param>
    protected internal abstract Task RunAsync(CancellationToken stopping);

    /// <summary>Sends a message to one channel.</summary>
    /// <exception cref="ChannelFullException">The channel is full.</exception>
    protected Task SendAsync(string channel, Message message) => Layer.SendAsync(channel, message).AsTask();

    /// <summary>Sends a message to every member of a group.</summary>
    protected Task GroupSendAsync(string group, Message message) => Layer.GroupSendAsync(group, message).AsTask();
}
