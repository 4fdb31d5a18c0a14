using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Telemetry;

namespace ChannelsNet.InMemory;

/// <summary>A channel of this process's own: its mailbox, the groups it is in, and its end.</summary>
internal sealed class OwnChannel(
    string name, int capacity, TimeSpan expiry, TimeProvider time, Drops drops, IChannelListener? listener, ListenerFailures failures, LocalDelivery local)
    : Mailbox(name, capacity, expiry, time, drops, listener, failures), IChannel
{
    // Also the lock under which it joins, leaves and ends, so that the back-end gets its joins and leaves in their order.
    private readonly HashSet<string> _groups = [];

    /// <summary>Groups that it has left, but of which the back-end could not be told yet; null for none.</summary>
    private HashSet<string>? _undiscarded;
    private bool _ended;

    public bool TryRead([NotNullWhen(true)] out Message? message) => TryTake(out message);

    public ValueTask<Message> ReadAsync(CancellationToken cancellationToken = default) => TakeAsync(cancellationToken);

    /// <summary>The groups that it is in now.</summary>
    public string[] Groups
    {
        get
        {
            lock (_groups)
            {
                return [.. _groups];
            }
        }
    }

    /// <summary>The groups that it has left, but in which the back-end may still have it.</summary>
    public string[] UndiscardedGroups
    {
        get
        {
            lock (_groups)
            {
                return _ended || _undiscarded is null ? [] : [.. _undiscarded];
            }
        }
    }

    /// <summary>Joins a group. Does nothing when the channel has ended: nobody reads it any more.</summary>
    public Task Join(string group, IMemberships memberships)
    {
        lock (_groups)
        {
            if (_ended)
            {
                return Task.CompletedTask;
            }

            _groups.Add(group);
            _undiscarded?.Remove(group);
            return memberships.Add(group, Name, this);
        }
    }

    public Task Leave(string group, IMemberships memberships)
    {
        lock (_groups)
        {
            _groups.Remove(group);
            return memberships.Discard(group, Name, this);
        }
    }

    /// <summary>Discards a membership that was stored after the channel has left the group, or has ended.</summary>
    public Task DiscardUnlessMember(string group, IMemberships memberships)
    {
        lock (_groups)
        {
            return !_ended && _groups.Contains(group) ? Task.CompletedTask : memberships.Discard(group, Name, this);
        }
    }

    /// <summary>Records whether the back-end has discarded a membership.</summary>
    /// <returns>Whether it must be told again: the channel lives, and would get messages of a group that it has left.</returns>
    public bool RecordDiscard(string group, bool isDone)
    {
        lock (_groups)
        {
            if (isDone || _ended || _groups.Contains(group))
            {
                _undiscarded?.Remove(group);
                return false;
            }

            (_undiscarded ??= []).Add(group);
            return true;
        }
    }

    /// <summary>Forgets its groups, which the layer has dropped.</summary>
    public void ForgetGroups()
    {
        lock (_groups)
        {
            _groups.Clear();
            _undiscarded = null;
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_groups)
        {
            if (_ended)
            {
                return ValueTask.CompletedTask;
            }

            _ended = true;
            return new(local.Close(this, _groups));
        }
    }
}
