using System.Collections.Concurrent;
using ChannelsNet.InMemory;
using ChannelsNet.Messages;
using ChannelsNet.Telemetry;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis.PubSub;

/// <summary>
/// Channels and groups over publish and subscribe of Redis. A message travels once to each process that has a reader, and is
/// delivered from there by the local half; to members in the sender's own process too, so that all see one order.
/// </summary>
internal sealed class RedisPubSubChannelLayer : IChannelLayer, IPostingLayer, IGroupTransport, IAsyncDisposable
{
    private static readonly TimeSpan _farewell = TimeSpan.FromSeconds(2);

    private readonly ChannelLayerOptions _options;
    private readonly LocalDelivery _local;
    private readonly MessageCodec _codec;
    private readonly RedisHosts _hosts;
    private readonly RedisNames _names;
    private readonly PubSubHost[] _publishers;
    private readonly GeneralChannels _general;
    private readonly ConcurrentDictionary<string, Lazy<Task>> _own = new();

    public RedisPubSubChannelLayer(
        ChannelLayerOptions options, MessageCodec codec, RedisHosts hosts, TimeProvider time, Drops drops, LayerMeter meter, ILogger logger)
    {
        _options = options;
        _local = new LocalDelivery(options, time, drops, meter, logger, this);
        _codec = codec;
        _hosts = hosts;
        _names = new RedisNames(options.Prefix, options.Sharded);
        _publishers = [.. Enumerable.Range(0, hosts.Count).Select(index => new PubSubHost(hosts[index], options, time, drops, meter, logger, KeepUnsent))];
        _general = new GeneralChannels(channel => HostOf(_names.ChannelMessages(channel)).Subscriptions, _names, DeliverToChannel);
    }

    internal LocalDelivery Local => _local;

    public ValueTask SendAsync(string channel, Message message, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireChannel(channel);
        if (_local.IsOwn(channel))
        {
            _codec.Require(message);
            return _local.Send(channel, message) is { } capacity
                ? ValueTask.FromException(new ChannelFullException(channel, capacity))
                : ValueTask.CompletedTask;
        }

        // Sharded, the processes have one Redis channel each for all their own channels, so the message says for which it is.
        var nonLocalPart = ChannelNames.NonLocalPart(channel);
        return _options.Sharded && nonLocalPart.EndsWith("!")
            ? SendAsync(_names.ProcessMessages(nonLocalPart), message, new MessageRoute { Channel = channel }, group: null, cancellationToken)
            : SendAsync(_names.ChannelMessages(channel), message, default, group: null, cancellationToken);
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
        if (!_local.IsOwn(channel) && !_general.IsRead(channel))
        {
            throw new InvalidOperationException(
                $"Channel \"{channel}\" can't be added to group \"{group}\": this process does not read it, and over publish and subscribe "
                + "a process adds its own channels only. Add a channel made by NewChannelAsync here (in a consumer: ChannelName).");
        }

        return JoinAsync(group, channel, cancellationToken);
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
        return SendAsync(_names.GroupMessages(group), message, new MessageRoute { Except = except }, group, cancellationToken);
    }

    public ValueTask GroupPostAsync(string group, Message message, string? except)
    {
        if (_options.WhenDisconnected == WhenDisconnected.Refuse)
        {
            return GroupSendAsync(group, message, except);
        }

        ChannelNames.RequireGroup(group);
        var publication = Write(_names.GroupMessages(group), message, new MessageRoute { Except = except }, group);
        return HostOf(publication.Channel).PostAsync(publication);
    }

    /// <summary>Waits a while for what Redis has not confirmed yet, so that a program that sends and ends has sent.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Task.WhenAll(_publishers.Select(host => host.ConfirmedAsync())).WaitAsync(_farewell).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A server that is away does not keep the program from ending.
        }
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        _local.Clear();
        _general.Clear();
        return ValueTask.CompletedTask;
    }

    Task IGroupTransport.Open(string group)
    {
        var redisChannel = _names.GroupMessages(group);
        return HostOf(redisChannel).Subscriptions.Open(redisChannel, message => DeliverToGroup(group, message));
    }

    void IGroupTransport.Close(string group)
    {
        var redisChannel = _names.GroupMessages(group);
        HostOf(redisChannel).Subscriptions.Close(redisChannel);
    }

    /// <summary>All own channels with one first part. A sender may have chosen any of the servers by the whole name, so all are listened to.</summary>
    private Task OpenOwn(string prefix)
    {
        if (!_options.Sharded)
        {
            var pattern = RedisNames.OwnChannelMessages(prefix, _local.Client);
            return Task.WhenAll(_publishers.Select(host =>
                host.Subscriptions.Open(pattern, message => DeliverToChannel(message.Channel.ToString(), message))));
        }

        var process = _names.ProcessMessages($"{prefix}.{_local.Client}!");
        return HostOf(process).Subscriptions.Open(process, DeliverToProcess);
    }

    private async ValueTask JoinAsync(string group, string channel, CancellationToken cancellationToken)
    {
        // What was posted before is not to reach who joins after it.
        await HostOf(_names.GroupMessages(group)).ConfirmedAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        await _local.Join(group, channel).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

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

    private ValueTask SendAsync(RedisChannel channel, Message message, MessageRoute route, string? group, CancellationToken cancellationToken) =>
        SendAsync(Write(channel, message, route, group), cancellationToken);

    private async ValueTask SendAsync(Publication publication, CancellationToken cancellationToken)
    {
        var host = HostOf(publication.Channel);
        var publishing = host.TryPublishAsync(publication);
        var away = cancellationToken.CanBeCanceled
            ? await publishing.AsTask().WaitAsync(cancellationToken).ConfigureAwait(false)
            : await publishing.ConfigureAwait(false);
        if (away is not null)
        {
            DeliverHere(publication);
            if (_options.WhenDisconnected == WhenDisconnected.Refuse)
            {
                throw new ChannelLayerUnavailableException(host.Name, away);
            }

            Keep(host, publication);
        }
    }

    private Publication Write(RedisChannel channel, Message message, MessageRoute route, string? group) =>
        new(channel, _codec.Write(message, route), message, route, group);

    private void KeepUnsent(PubSubHost host, Publication publication)
    {
        DeliverHere(publication);
        Keep(host, publication);
    }

    private void Keep(PubSubHost host, Publication publication) => host.Keep(publication.Channel, publication.Group is null
        ? publication.Payload
        : _codec.Write(publication.Message, publication.Route with { ExceptProcess = _local.Client }));

    /// <summary>Redis brings it to nobody now, so the members here get it at once, and not again when it is published in the end.</summary>
    private void DeliverHere(Publication publication)
    {
        if (publication.Group is { } group)
        {
            _local.SendToGroup(group, publication.Message, publication.Route.Except);
        }
    }

    private PubSubHost HostOf(RedisChannel channel) => _publishers[_hosts.Count == 1 ? 0 : _hosts.IndexOf(channel.ToString())];

    private void DeliverToGroup(string group, ChannelMessage received)
    {
        if (_codec.TryRead(received.Message, group, out var message, out var route) && route.ExceptProcess != _local.Client)
        {
            _local.SendToGroup(group, message, route.Except);
        }
    }

    private void DeliverToProcess(ChannelMessage received)
    {
        if (_codec.TryRead(received.Message, received.Channel.ToString(), out var message, out var route) && route.Channel is { } channel)
        {
            _local.Deliver(channel, message);
        }
    }

    private void DeliverToChannel(string channel, ChannelMessage received)
    {
        if (_codec.TryRead(received.Message, channel, out var message, out _))
        {
            _local.Deliver(channel, message);
        }
    }
}
