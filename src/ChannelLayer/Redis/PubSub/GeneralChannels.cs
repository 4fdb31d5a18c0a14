using StackExchange.Redis;

namespace ChannelsNet.Redis.PubSub;

/// <summary>
/// The general channels (those of no process's own) that this process reads. One is subscribed from its first reader on, also
/// between two reads, until a reader gives up and none is left.
/// </summary>
internal sealed class GeneralChannels(Func<string, RedisSubscriptions> subscriptions, RedisNames names, Action<string, ChannelMessage> deliver)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Readers> _channels = [];

    public bool IsRead(string channel)
    {
        lock (_lock)
        {
            return _channels.ContainsKey(channel);
        }
    }

    /// <summary>One more reader; ends when messages of the channel reach this process.</summary>
    public Task Enter(string channel)
    {
        lock (_lock)
        {
            if (!_channels.TryGetValue(channel, out var readers))
            {
                readers = new Readers(subscriptions(channel).Open(names.ChannelMessages(channel), message => deliver(channel, message)));
                _channels.Add(channel, readers);
            }

            readers.Count++;
            return readers.Opened;
        }
    }

    /// <summary>One reader less, who has got a message or has given up.</summary>
    public void Leave(string channel, bool gaveUp)
    {
        lock (_lock)
        {
            if (--_channels[channel].Count == 0 && gaveUp)
            {
                Close(channel);
            }
        }
    }

    /// <summary>Ends what nobody waits for.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            foreach (var channel in _channels.Where(entry => entry.Value.Count == 0).Select(entry => entry.Key).ToArray())
            {
                Close(channel);
            }
        }
    }

    private void Close(string channel)
    {
        _channels.Remove(channel);
        subscriptions(channel).Close(names.ChannelMessages(channel));
    }

    private sealed class Readers(Task opened)
    {
        public int Count { get; set; }

        public Task Opened { get; } = opened;
    }
}
