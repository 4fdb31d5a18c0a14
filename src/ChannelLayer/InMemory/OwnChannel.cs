using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Telemetry;

namespace ChannelsNet.InMemory;

/// <summary>A channel of this process's own: its mailbox, the groups it is in, and its end.</summary>
internal sealed class OwnChannel(
    string name, int capacity, TimeSpan expiry, TimeProvider time, Drops drops, IChannelListener? listener, LocalDelivery local)
    : Mailbox(name, capacity, expiry, time, drops, listener), IChannel
{
    // Also the lock under which it joins, leaves and ends.
    private readonly HashSet<string> _groups = [];
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

    /// <summary>Joins a group, unless the channel has ended.</summary>
    public Task Join(string group, IMemberships memberships)
    {
        lock (_groups)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            _groups.Add(group);
            return memberships.Add(group, Name, this);
        }
    }

    public Task Leave(string group, IMemberships memberships)
    {
        lock (_groups)
        {
            _groups.Remove(group);
            return memberships.Discard(group, Name);
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
