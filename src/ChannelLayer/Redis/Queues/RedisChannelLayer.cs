using System.Collections.Concurrent;
using ChannelsNet.Background;
using ChannelsNet.InMemory;
using ChannelsNet.Messages;
using ChannelsNet.Telemetry;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis.Queues;

/// <summary>
/// Channels as queues in Redis, groups as sets of channels. The unread messages of a process's own channels are one queue, which its reader
/// empties into their mailboxes; a general channel is a queue that any process takes from, one message each.
/// </summary>
internal sealed class RedisChannelLayer : IChannelLayer, IAsyncDisposable
{
    private const string RenewalName = "Renewal of the memberships in Redis";

    private static readonly TimeSpan _again = TimeSpan.FromMilliseconds(500);

    private readonly LocalDelivery _local;
    private readonly MessageCodec _codec;
    private readonly QueueMessages _messages;
    private readonly RedisHosts _ring;
    private readonly RedisNames _names;
    private readonly Capacities _capacities;
    private readonly Drops _drops;
    private readonly QueueHost[] _hosts;
    private readonly QueueReader[] _readers;
    private readonly GeneralQueues _general = new();
    private readonly QueueMemberships _memberships;
    private readonly ConcurrentDictionary<RedisKey, string> _own = new();
    private readonly ITimer _renewal;
    private readonly ILogger _logger;
    private volatile bool _disposed;

    /// <summary>How often somebody has asked to write all memberships down again since that was done.</summary>
    private int _renewals;

    public RedisChannelLayer(
        ChannelLayerOptions options, MessageCodec codec, RedisHosts hosts, TimeProvider time, Drops drops, LayerMeter meter, ILogger logger)
    {
        var clock = new QueueClock(time);
        _codec = codec;
        _messages = new QueueMessages(codec, clock, options.Expiry, drops);
        _ring = hosts;
        _names = new RedisNames(options.Prefix);
        _capacities = new Capacities(options);
        _drops = drops;
        _hosts = [.. Enumerable.Range(0, hosts.Count).Select(index =>
            new QueueHost(hosts[index], _names, options.Expiry, options.GroupExpiry, clock))];

        // A request that could not store a membership asks for it; the renewal is not done in its context.
        _memberships = new QueueMemberships(group => _hosts[_ring.IndexOf(group)], () => BackgroundWork.Queue(RenewalName, logger, Renew), logger);
        _local = new LocalDelivery(options, time, drops, meter, logger, memberships: _memberships);
        _readers = [.. _hosts.Select(host => new QueueReader(
            host.Connection.Address, host, _names.Wake(_local.Client), Wanted, (queue, entry) => DeliverAsync(host, queue, entry),
            _own.ContainsKey, logger))];
        _logger = logger;
        _renewal = BackgroundWork.CreateTimer(RenewalName, logger, time, Renew, options.GroupExpiry / 2, options.GroupExpiry / 2);
        hosts.Changed += Renew;
    }

    internal LocalDelivery Local => _local;

    public async ValueTask SendAsync(string channel, Message message, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireChannel(channel);
        if (_local.IsOwn(channel))
        {
            _codec.Require(message);
            if (_local.Send(channel, message) is { } full)
            {
                throw new ChannelFullException(channel, full);
            }

            return;
        }

        var part = ChannelNames.NonLocalPart(channel);
        var isLocal = part.EndsWith("!");
        var host = _hosts[isLocal ? _ring.IndexOf(part) : _ring.Next()];
        var value = _messages.Write(message, new MessageRoute { Channel = isLocal ? channel : null });
        var capacity = _capacities.Of(channel);
        if (await SendAsync(host, [(_names.Queue(part), value, capacity)]).WaitAsync(cancellationToken).ConfigureAwait(false) > 0)
        {
            throw new ChannelFullException(channel, capacity);
        }
    }

    public ValueTask<Message> ReceiveAsync(string channel, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireChannel(channel);
        if (_local.IsOwn(channel))
        {
            return _local.ReceiveAsync(channel, cancellationToken);
        }

        return channel.Contains('!', StringComparison.Ordinal)
            ? throw new InvalidOperationException(
                $"Channel \"{channel}\" is read by the process that made it, which is not this one. Read one made by NewChannelAsync here, or a general channel, without '!'.")
            : ReceiveGeneralAsync(_names.Queue(channel), channel, cancellationToken);
    }

    public async ValueTask<IChannel> NewChannelAsync(
        string prefix = "specific", IChannelListener? listener = null, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireChannel(prefix);
        var queue = _names.Queue($"{prefix}.{_local.Client}!");
        if (_own.TryAdd(queue, prefix))
        {
            try
            {
                await WakeReadersAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (InvalidOperationException)
            {
                // It will never be read, so the next caller is to know it too.
                _own.TryRemove(queue, out _);
                throw;
            }
        }

        return _local.Open(prefix, listener);
    }

    public ValueTask GroupAddAsync(string group, string channel, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireGroup(group);
        ChannelNames.RequireChannel(channel);
        return new(_local.Join(group, channel).WaitAsync(cancellationToken));
    }

    public ValueTask GroupDiscardAsync(string group, string channel, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireGroup(group);
        ChannelNames.RequireChannel(channel);
        return new(_local.Leave(group, channel).WaitAsync(cancellationToken));
    }

    public async ValueTask GroupSendAsync(
        string group, Message message, string? except = null, CancellationToken cancellationToken = default)
    {
        ChannelNames.RequireGroup(group);
        _codec.Require(message);
        var home = _hosts[_ring.IndexOf(group)];
        RedisValue[] members;
        try
        {
            members = await home.MembersAsync(group).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is RedisConnectionException || RedisFaults.IsPassing(fault))
        {
            throw new ChannelLayerUnavailableException(home.Connection.Name, fault);
        }

        var byQueue = members.Select(member => member.ToString()).Where(member => member != except)
            .GroupBy(member => ChannelNames.NonLocalPart(member).ToString())
            .GroupBy(queue => _ring.IndexOf(queue.Key));
        await Task.WhenAll(byQueue.Select(host => SendToGroupAsync(group, message, _hosts[host.Key], host)))
            .WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        _local.Clear();
        await Task.WhenAll(_hosts.Select(host => host.FlushAsync())).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        _ring.Changed -= Renew;
        await _renewal.DisposeAsync().ConfigureAwait(false);
        foreach (var reader in _readers)
        {
            await reader.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task SendToGroupAsync(string group, Message message, QueueHost host, IEnumerable<IGrouping<string, string>> queues)
    {
        var values = queues.Select(queue =>
        {
            var channels = queue.ToArray();
            var value = _messages.Write(message, new MessageRoute { Channels = channels });
            return (_names.Queue(queue.Key), value, _capacities.Of(channels[0]));
        }).ToArray();
        _drops.Add(DropReason.Full, group, await SendAsync(host, values).ConfigureAwait(false), "Whole processes did not get it.");
    }

    private static async Task<int> SendAsync(QueueHost host, IReadOnlyList<(RedisKey Queue, byte[] Value, int Capacity)> values)
    {
        try
        {
            return await host.SendAsync(values).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is RedisConnectionException || RedisFaults.IsPassing(fault))
        {
            throw new ChannelLayerUnavailableException(host.Connection.Name, fault);
        }
    }

    /// <remarks>
    /// What waits in the queue is taken at once. Only then the reader is told to wait for more, and what arrives in between it finds.
    /// A message that has been taken is returned also when the caller has given up meanwhile: it is lost by nobody.
    /// </remarks>
    private async ValueTask<Message> ReceiveGeneralAsync(RedisKey queue, string channel, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < _hosts.Length; tries++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var host = _hosts[_ring.Next()];
            foreach (var entry in await TryTakeAsync(host, queue).ConfigureAwait(false))
            {
                if (_messages.TryRead(entry, channel, out var message, out _))
                {
                    return message;
                }
            }
        }

        var waiter = _general.Enter(queue);
        await using var cancelling = cancellationToken.UnsafeRegister(
            static (waiter, token) => ((TaskCompletionSource<Message>)waiter!).TrySetCanceled(token), waiter).ConfigureAwait(false);
        await WakeReadersAsync().ConfigureAwait(false);
        return await waiter.Task.ConfigureAwait(false);
    }

    /// <summary>While a server is away nothing is in its queues; the reader finds out when it is back.</summary>
    private static async Task<SortedSetEntry[]> TryTakeAsync(QueueHost host, RedisKey queue)
    {
        try
        {
            return await host.TakeAsync(queue, 1).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            return [];
        }
    }

    private Task WakeReadersAsync()
    {
        foreach (var reader in _readers)
        {
            reader.Start();
        }

        return Task.WhenAll(_readers.Select(reader => reader.WakeAsync()));
    }

    private IReadOnlyCollection<RedisKey> Wanted() => [.. _own.Keys, .. _general.Wanted];

    private async ValueTask DeliverAsync(QueueHost host, RedisKey queue, SortedSetEntry entry)
    {
        if (!_messages.TryRead(entry, queue.ToString(), out var message, out var route))
        {
            return;
        }

        if (!_own.ContainsKey(queue))
        {
            if (!_general.TryHand(queue, message))
            {
                await host.PutBackAsync(queue, entry).ConfigureAwait(false);
            }

            return;
        }

        foreach (var channel in route.Channels ?? (route.Channel is { } one ? [one] : []))
        {
            _local.Deliver(channel, message);
        }
    }

    private void Renew(ChannelLayerState state)
    {
        if (state == ChannelLayerState.Connected)
        {
            Renew();
        }
    }

    /// <summary>Called where no request's context is: by the timer, and when a server has come back.</summary>
    private void Renew()
    {
        if (Interlocked.Increment(ref _renewals) == 1)
        {
            _ = RenewAsync();
        }
    }

    /// <summary>A connection that has just come back may not take commands yet, or may go again: then once more, until all is written down.</summary>
    private async Task RenewAsync()
    {
        var told = false;
        for (var asked = Volatile.Read(ref _renewals); asked > 0 && !_disposed;)
        {
            try
            {
                if (await _memberships.RenewAsync(_local.OwnChannels).ConfigureAwait(false))
                {
                    asked = Interlocked.Add(ref _renewals, -asked);
                    continue;
                }
            }
            catch (Exception exception)
            {
                if (!told && !_disposed)
                {
                    told = true;
                    BackgroundWork.Report(RenewalName, _logger, exception);
                }
            }

            await Task.Delay(_again).ConfigureAwait(false);
        }
    }
}
