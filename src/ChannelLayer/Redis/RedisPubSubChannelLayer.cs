using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using ChannelsNet.InMemory;
using ChannelsNet.Messages;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis;

/// <summary>
/// Channels and groups over publish and subscribe of Redis. A message travels once to each process that has a reader, and is
/// delivered from there by the local half; to members in the sender's own process too, so that all see one order.
/// </summary>
internal sealed class RedisPubSubChannelLayer : IChannelLayer, IGroupTransport
{
    private readonly LocalDelivery _local;
    private readonly MessageTypes _types;
    private readonly IMessageSerializer _serializer;
    private readonly RedisConnection _connection;
    private readonly RedisNames _names;
    private readonly RedisSubscriptions _subscriptions;
    private readonly GeneralChannels _general;
    private readonly ConcurrentDictionary<string, Lazy<Task>> _own = new();
    private readonly ILogger _logger;

    public RedisPubSubChannelLayer(
        ChannelLayerOptions options,
        MessageTypes types,
        IMessageSerializer serializer,
        RedisConnection connection,
        TimeProvider time,
        ILogger logger)
    {
        _local = new LocalDelivery(options, time, this);
        _types = types;
        _serializer = serializer;
        _connection = connection;
        _names = new RedisNames(options.Prefix);
        _subscriptions = new RedisSubscriptions(connection, time, logger);
        _general = new GeneralChannels(_subscriptions, DeliverToChannel);
        _logger = logger;
    }

    internal LocalDelivery Local => _local;

    public ValueTask SendAsync(string channel, Message message, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireChannel(channel);
        _types.Require(message);
        if (!_local.IsOwn(channel))
        {
            return PublishAsync(RedisNames.Channel(channel), message, default, cancellationToken);
        }

        return _local.Send(channel, message) is { } capacity
            ? ValueTask.FromException(new ChannelFullException(channel, capacity))
            : ValueTask.CompletedTask;
    }

    public ValueTask<Message> ReceiveAsync(string channel, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireChannel(channel);
        return _local.IsOwn(channel)
            ? _local.ReceiveAsync(channel, cancellationToken)
            : ReceiveGeneralAsync(channel, cancellationToken);
    }

    public async ValueTask<IChannel> NewChannelAsync(
        string prefix = "specific", IChannelListener? listener = null, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireChannel(prefix);
        var opened = _own.GetOrAdd(prefix, static (prefix, self) => new Lazy<Task>(() => self.OpenOwn(prefix)), this);
        await opened.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
        return _local.Open(prefix, listener);
    }

    public ValueTask GroupAddAsync(string group, string channel, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireGroup(group);
        ChannelNames.RequireChannel(channel);
        return _local.FindOwn(channel) is not null || _general.IsRead(channel)
            ? new(_local.Join(group, channel).WaitAsync(cancellationToken))
            : throw new InvalidOperationException(
                $"Channel \"{channel}\" can't be added to group \"{group}\": this process does not read it, and over publish and subscribe "
                + "a process adds its own channels only. Add a channel made by NewChannelAsync here (in a consumer: ChannelName).");
    }

    public ValueTask GroupDiscardAsync(string group, string channel, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireGroup(group);
        ChannelNames.RequireChannel(channel);
        _local.Leave(group, channel);
        return ValueTask.CompletedTask;
    }

    public ValueTask GroupSendAsync(
        string group, Message message, string? except = null, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireGroup(group);
        return PublishAsync(_names.Group(group), message, new MessageRoute { Except = except }, cancellationToken);
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        _local.Clear();
        _general.Clear();
        return ValueTask.CompletedTask;
    }

    Task IGroupTransport.Open(string group) => _subscriptions.Open(_names.Group(group), message => DeliverToGroup(group, message));

    void IGroupTransport.Close(string group) => _subscriptions.Close(_names.Group(group));

    private Task OpenOwn(string prefix) =>
        _subscriptions.Open(RedisNames.OwnChannels(prefix, _local.Client), DeliverToChannel);

    private async ValueTask<Message> ReceiveGeneralAsync(string channel, CancellationToken cancellationToken)
    {
        var gaveUp = true;
        var opened = _general.Enter(channel);
        try
        {
            await opened.WaitAsync(cancellationToken).ConfigureAwait(false);
            var message = await _local.ReceiveAsync(channel, cancellationToken).ConfigureAwait(false);
            gaveUp = false;
            return message;
        }
        finally
        {
            _general.Leave(channel, gaveUp);
        }
    }

    private async ValueTask PublishAsync(
        RedisChannel channel, Message message, MessageRoute route, CancellationToken cancellationToken)
    {
        var payload = new ArrayBufferWriter<byte>();
        _serializer.Serialize(message, route, payload);
        var redis = await _connection.GetAsync().ConfigureAwait(false);
        await redis.GetSubscriber().PublishAsync(channel, payload.WrittenMemory).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private void DeliverToGroup(string group, ChannelMessage received)
    {
        if (TryRead(received, out var message, out var route))
        {
            _local.SendToGroup(group, message, route.Except);
        }
    }

    private void DeliverToChannel(ChannelMessage received)
    {
        if (TryRead(received, out var message, out _))
        {
            _local.Send(received.Channel.ToString(), message);
        }
    }

    private bool TryRead(ChannelMessage received, [NotNullWhen(true)] out Message? message, out MessageRoute route)
    {
        try
        {
            message = _serializer.Deserialize(received.Message, out route);
            return true;
        }
        catch (FormatException fault)
        {
            RedisLog.Unreadable(_logger, received.Channel.ToString(), fault.Message);
            message = null;
            route = default;
            return false;
        }
    }
}
