using System.Collections.Concurrent;

namespace ChannelsNet.InMemory;

/// <summary>Which channels are in which group, as this process knows it.</summary>
/// <remarks>
/// A group is worked on under its own lock, a send too: it puts the message into every mailbox, which never waits, so that all
/// members see the sends of a group in one order, and who has left gets nothing any more.
/// </remarks>
internal sealed class Groups(Mailboxes mailboxes, TimeSpan expiry, TimeProvider time, IGroupTransport? transport) : IMemberships
{
    private readonly ConcurrentDictionary<string, Group> _groups = new();

    public int Count => _groups.Count;

    /// <summary>The members of all groups; a channel counts once for each of its groups.</summary>
    public int MemberCount => _groups.Values.Sum(group =>
    {
        lock (group)
        {
            return group.Members.Count;
        }
    });

    /// <summary>Makes a channel a member; ends when messages of the group reach this process.</summary>
    public Task Add(string name, string channel, OwnChannel? own)
    {
        while (true)
        {
            var group = _groups.GetOrAdd(name, static _ => new Group());
            lock (group)
            {
                if (group.Removed)
                {
                    continue;
                }

                if (group.IsSending)
                {
                    throw new InvalidOperationException(
                        $"A channel was to join group \"{name}\" from {nameof(IChannelListener)}.{nameof(IChannelListener.OnArrived)}, while a message goes to its members. "
                        + "Only take note there, and join later, on another thread.");
                }

                group.Opened ??= transport?.Open(name) ?? Task.CompletedTask;
                group.Members[channel] = new Member(own, time.GetTimestamp());
                return group.Opened;
            }
        }
    }

    public Task Discard(string name, string channel, OwnChannel? own)
    {
        if (_groups.TryGetValue(name, out var group))
        {
            lock (group)
            {
                group.Members.Remove(channel);
                RemoveIfEmpty(name, group);
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>Puts a message into the mailboxes of all members.</summary>
    /// <returns>How many have got it, and how many were full.</returns>
    public (int Received, int Full) Send(string name, Message message, string? except)
    {
        if (!_groups.TryGetValue(name, out var group))
        {
            return default;
        }

        var (received, full) = (0, 0);
        List<string>? expired = null;
        lock (group)
        {
            // A listener can send to the group again, on this thread.
            var wasSending = group.IsSending;
            group.IsSending = true;
            try
            {
                foreach (var (channel, member) in group.Members)
                {
                    if (channel == except)
                    {
                        continue;
                    }

                    if (member.Own is null && time.GetElapsedTime(member.Since) >= expiry)
                    {
                        (expired ??= []).Add(channel);
                    }
                    else if (Put(member.Own, channel, message))
                    {
                        received++;
                    }
                    else
                    {
                        full++;
                    }
                }
            }
            finally
            {
                group.IsSending = wasSending;
            }

            if (expired is not null)
            {
                foreach (var channel in expired)
                {
                    group.Members.Remove(channel);
                }

                RemoveIfEmpty(name, group);
            }
        }

        return (received, full);
    }

    /// <summary>The members of a group, also those whose membership has expired and has not been looked at since.</summary>
    public string[] MembersOf(string name)
    {
        if (!_groups.TryGetValue(name, out var group))
        {
            return [];
        }

        lock (group)
        {
            return [.. group.Members.Keys];
        }
    }

    public void Clear()
    {
        foreach (var (name, group) in _groups)
        {
            lock (group)
            {
                group.Members.Clear();
                RemoveIfEmpty(name, group);
            }
        }
    }

    private bool Put(OwnChannel? own, string channel, Message message)
    {
        if (own is not null)
        {
            return own.TryPut(message);
        }

        var box = mailboxes.Enter(channel);
        try
        {
            return box.TryPut(message);
        }
        finally
        {
            mailboxes.Leave(box);
        }
    }

    /// <summary>The transport hears of the end before anybody can make the group anew, so that its steps keep their order.</summary>
    private void RemoveIfEmpty(string name, Group group)
    {
        if (group.Members.Count == 0 && !group.Removed)
        {
            group.Removed = true;
            transport?.Close(name);
            _groups.TryRemove(name, out _);
        }
    }

    private sealed class Group
    {
        public Dictionary<string, Member> Members { get; } = [];

        public Task? Opened { get; set; }

        public bool Removed { get; set; }

        /// <summary>Whether a message is being put into the mailboxes of its members.</summary>
        public bool IsSending { get; set; }
    }

    /// <param name="Own">The own channel of this process, which is a member for as long as its handle lives; null for a general channel.</param>
    /// <param name="Since">When a general channel was added last; its membership ends after the group expiry.</param>
    private readonly record struct Member(OwnChannel? Own, long Since);
}
