namespace ChannelsNet.InMemory;

/// <summary>
/// The half of every layer that is in this process: mailboxes and groups. A layer over a broker puts a transport between the
/// senders and this.
/// </summary>
internal sealed class LocalDelivery
{
    private readonly Mailboxes _mailboxes;
    private readonly Groups _groups;

    public LocalDelivery(ChannelLayerOptions options, TimeProvider time, IGroupTransport? transport = null)
    {
        _mailboxes = new Mailboxes(options, time);
        _groups = new Groups(_mailboxes, options.GroupExpiry, time, transport);
    }

    /// <summary>Channels that have a message or a reader, or are somebody's own.</summary>
    public int ChannelCount => _mailboxes.Count;

    public int GroupCount => _groups.Count;

    public OwnChannel Open(string name, IChannelListener? listener) => _mailboxes.Open(name, listener, this);

    public OwnChannel? FindOwn(string channel) => _mailboxes.FindOwn(channel);

    /// <summary>Puts a message into the mailbox of a channel; the capacity of one that is full, else null.</summary>
    public int? Send(string channel, Message message)
    {
        var box = _mailboxes.Enter(channel);
        try
        {
            return box.TryPut(message) ? null : box.Capacity;
        }
        finally
        {
            _mailboxes.Leave(box);
        }
    }

    public async ValueTask<Message> ReceiveAsync(string channel, CancellationToken cancellationToken)
    {
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

    /// <summary>Makes a channel a member of a group; ends when messages of the group reach this process.</summary>
    public Task Join(string group, string channel) =>
        FindOwn(channel)?.Join(group, _groups) ?? _groups.Add(group, channel, own: null);

    public void Leave(string group, string channel)
    {
        if (FindOwn(channel) is { } own)
        {
            own.Leave(group, _groups);
        }
        else
        {
            _groups.Discard(group, channel);
        }
    }

    /// <summary>Puts a message into the mailboxes of all members that are here; how many were full.</summary>
    public int SendToGroup(string group, Message message, string? except) => _groups.Send(group, message, except);

    /// <summary>Takes an own channel away, out of the groups that it is in.</summary>
    public void Close(OwnChannel channel, IEnumerable<string> groups)
    {
        foreach (var group in groups)
        {
            _groups.Discard(group, channel.Name);
        }

        _mailboxes.Close(channel);
    }

    /// <summary>Drops all messages and memberships.</summary>
    public void Clear()
    {
        _mailboxes.Clear();
        _groups.Clear();
    }
}
