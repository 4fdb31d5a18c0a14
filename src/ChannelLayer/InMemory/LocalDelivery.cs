namespace ChannelsNet.InMemory;

/// <summary>
/// The half of every layer that is in this process: mailboxes and groups. A layer over a broker puts a transport between the
/// senders and this.
/// </summary>
internal sealed class LocalDelivery
{
    private readonly ChannelNamer _namer = new();
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

    /// <summary>What stands between the prefix and the '!' of the own channels' names.</summary>
    public string Client => _namer.Client;

    /// <summary>Makes an own channel.</summary>
    public OwnChannel Open(string prefix, IChannelListener? listener) => _mailboxes.Open(_namer.Next(prefix), listener, this);

    /// <summary>Whether a channel is or was this process's own: nobody else reads it.</summary>
    public bool IsOwn(string channel) => _namer.IsOwn(channel);

    public OwnChannel? FindOwn(string channel) => _mailboxes.FindOwn(channel);

    /// <summary>Puts a message into the mailbox of a channel; one for an own channel that has ended is dropped.</summary>
    /// <returns>The capacity of the channel if it is full, else null.</returns>
    public int? Send(string channel, Message message)
    {
        if (IsOwn(channel))
        {
            return FindOwn(channel) is { } own && !own.TryPut(message) ? own.Capacity : null;
        }

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
