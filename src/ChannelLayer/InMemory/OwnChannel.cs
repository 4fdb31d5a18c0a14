using System.Diagnostics.CodeAnalysis;

namespace ChannelsNet.InMemory;

/// <summary>A channel of this process's own: its mailbox, the groups it is in, and its end.</summary>
internal sealed class OwnChannel(
    string name, int capacity, TimeSpan expiry, TimeProvider time, IChannelListener? listener, LocalDelivery local)
    : Mailbox(name, capacity, expiry, time, listener), IChannel
{
    // Also the lock under which it joins, leaves and ends.
    private readonly HashSet<string> _groups = [];
    private bool _ended;

    public bool TryRead([NotNullWhen(true)] out Message? message) => TryTake(out message);

    public ValueTask<Message> ReadAsync(CancellationToken cancellationToken = default) => TakeAsync(cancellationToken);

    /// <summary>Joins a group of <paramref name="groups"/>, unless the channel has ended.</summary>
    public Task Join(string group, Groups groups)
    {
        lock (_groups)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            _groups.Add(group);
            return groups.Add(group, Name, this);
        }
    }

    public void Leave(string group, Groups groups)
    {
        lock (_groups)
        {
            _groups.Remove(group);
            groups.Discard(group, Name);
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_groups)
        {
            if (!_ended)
            {
                _ended = true;
                local.Close(this, _groups);
            }
        }

        return ValueTask.CompletedTask;
    }
}
