using ChannelsNet.Telemetry;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.InMemory;

/// <summary>
/// The half of every layer that is in this process: mailboxes and groups. A layer over a broker puts a transport between the
/// senders and this. Groups are in this process's memory too, unless the layer writes memberships down elsewhere.
/// </summary>
internal sealed class LocalDelivery : ILocalCounts
{
    private readonly ChannelNamer _namer = new();
    private readonly Drops _drops;
    private readonly LayerMeter _meter;
    private readonly Mailboxes _mailboxes;
    private readonly Groups _groups;
    private readonly IMemberships _memberships;

    public LocalDelivery(
        ChannelLayerOptions options,
        TimeProvider time,
        Drops drops,
        LayerMeter meter,
        ILogger logger,
        IGroupTransport? transport = null,
        IMemberships? memberships = null)
    {
        time = CoarseTime.Of(time);
        _drops = drops;
        _meter = meter;
        _mailboxes = new Mailboxes(options, time, drops, new ListenerFailures(time, logger));
        _groups = new Groups(_mailboxes, options.GroupExpiry, time, transport);
        _memberships = memberships ?? _groups;
    }

    public int GroupCount => _groups.Count;

    public int MemberCount => _groups.MemberCount;

    public int ChannelCount => _mailboxes.Count;

    public int MessageCount => _mailboxes.MessageCount;

    /// <summary>What stands between the prefix and the '!' of the own channels' names.</summary>
    public string Client => _namer.Client;

    /// <summary>Makes an own channel.</summary>
    public OwnChannel Open(string prefix, IChannelListener? listener) => _mailboxes.Open(_namer.Next(prefix), listener, this);

    /// <summary>The own channels that have not ended.</summary>
    public IEnumerable<OwnChannel> OwnChannels => _mailboxes.Own;

    /// <summary>Whether a channel is or was this process's own: nobody else reads it.</summary>
    public bool IsOwn(string channel) => _namer.IsOwn(channel);

    public OwnChannel? FindOwn(string channel) => _mailboxes.FindOwn(channel);

    /// <summary>Puts a message into the mailbox of a channel; one for an own channel that has ended is dropped.</summary>
    /// <returns>The capacity of the channel if it is full, else null.</returns>
    public int? Send(string channel, Message message)
    {
        if (IsOwn(channel))
        {
            return FindOwn(channel) is { } own ? Put(own, message) : null;
        }

        var box = _mailboxes.Enter(channel);
        try
        {
            return Put(box, message);
        }
        finally
        {
            _mailboxes.Leave(box);
        }
    }

    /// <summary>Puts a message that came from elsewhere into the mailbox of a channel. One that is full misses it.</summary>
    public void Deliver(string channel, Message message) =>
        _drops.Add(DropReason.Full, channel, Send(channel, message) is null ? 0 : 1);

    /// <exception cref="ObjectDisposedException">The channel is this process's own and has ended.</exception>
    public async ValueTask<Message> ReceiveAsync(string channel, CancellationToken cancellationToken)
    {
        if (IsOwn(channel))
        {
            return FindOwn(channel) is { } own
                ? await own.TakeAsync(cancellationToken).ConfigureAwait(false)
                : throw new ObjectDisposedException(channel, $"Channel \"{channel}\" of this process has ended.");
        }

        var box = _mailboxes.Enter(channel);
        try
        {
            return await box.TakeAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _mailboxes.Leave(box);
        }
    }

    /// <summary>
    /// Makes a channel a member of a group; ends when messages of the group reach it. Does nothing for an own channel that has ended, as a send to it
    /// does nothing: its membership would stay for ever.
    /// </summary>
    public Task Join(string group, string channel) => FindOwn(channel) is { } own
        ? own.Join(group, _memberships)
        : IsOwn(channel) ? Task.CompletedTask : _memberships.Add(group, channel, own: null);

    public Task Leave(string group, string channel) =>
        FindOwn(channel)?.Leave(group, _memberships) ?? _memberships.Discard(group, channel, own: null);

    /// <summary>Puts a message into the mailboxes of all members that are here. A member that is full misses it.</summary>
    public void SendToGroup(string group, Message message, string? except)
    {
        var began = _meter.BeginFanOut();
        var (received, full) = _groups.Send(group, message, except);
        _meter.EndFanOut(began);
        _meter.Received(received);
        _drops.Add(DropReason.Full, group, full);
    }

    /// <summary>The channels that are in a group, as this process knows it.</summary>
    public string[] MembersOf(string group) => _groups.MembersOf(group);

    /// <summary>Takes an own channel away, out of the groups that it is in.</summary>
    public Task Close(OwnChannel channel, IEnumerable<string> groups)
    {
        _mailboxes.Close(channel);
        return Task.WhenAll(groups.Select(group => _memberships.Discard(group, channel.Name, channel)));
    }

    /// <summary>Drops all messages and memberships.</summary>
    public void Clear()
    {
        foreach (var own in OwnChannels)
        {
            own.ForgetGroups();
        }

        _mailboxes.Clear();
        _groups.Clear();
    }

    private int? Put(Mailbox box, Message message)
    {
        if (!box.TryPut(message))
        {
            return box.Capacity;
        }

        _meter.Received(1);
        return null;
    }
}
