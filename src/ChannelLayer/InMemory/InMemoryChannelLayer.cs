using ChannelsNet.Messages;
using ChannelsNet.Telemetry;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.InMemory;

/// <summary>Channels and groups in the memory of this process; no other process is reached.</summary>
internal sealed class InMemoryChannelLayer(
    ChannelLayerOptions options, MessageTypes types, TimeProvider time, Drops drops, LayerMeter meter, ILogger logger) : IChannelLayer
{
    private readonly LocalDelivery _local = new(options, time, drops, meter, logger);

    internal LocalDelivery Local => _local;

    public ValueTask SendAsync(string channel, Message message, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireChannel(channel);
        types.Require(message);
        return _local.Send(channel, message) is { } capacity
            ? ValueTask.FromException(new ChannelFullException(channel, capacity))
            : ValueTask.CompletedTask;
    }

    public ValueTask<Message> ReceiveAsync(string channel, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireChannel(channel);
        return _local.ReceiveAsync(channel, cancellationToken);
    }

    public ValueTask<IChannel> NewChannelAsync(
        string prefix = "specific", IChannelListener? listener = null, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IChannel>(_local.Open(prefix, listener));

    public ValueTask GroupAddAsync(string group, string channel, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireGroup(group);
        ChannelNames.RequireChannel(channel);
        return new(_local.Join(group, channel));
    }

    public ValueTask GroupDiscardAsync(string group, string channel, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireGroup(group);
        ChannelNames.RequireChannel(channel);
        return new(_local.Leave(group, channel));
    }

    public ValueTask GroupSendAsync(
        string group, Message message, string? except = null, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireGroup(group);
        types.Require(message);
        _local.SendToGroup(group, message, except);
        return ValueTask.CompletedTask;
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        _local.Clear();
        return ValueTask.CompletedTask;
    }
}
