using System.Collections.Concurrent;
using ChannelsNet.Telemetry;

namespace ChannelsNet.InMemory;

/// <summary>The mailboxes of a process, by the names of their channels.</summary>
internal sealed class Mailboxes(ChannelLayerOptions options, TimeProvider time, Drops drops, ListenerFailures failures)
{
    private readonly ConcurrentDictionary<string, Mailbox> _boxes = new();
    private readonly Capacities _capacities = new(options);
    private long _swept = time.GetTimestamp();

    public int Count => _boxes.Count;

    public int MessageCount => _boxes.Values.Sum(box => box.Count);

    public IEnumerable<OwnChannel> Own => _boxes.Values.OfType<OwnChannel>();

    /// <summary>Makes an own channel, which lives until it is closed.</summary>
    public OwnChannel Open(string name, IChannelListener? listener, LocalDelivery local)
    {
        var channel = new OwnChannel(name, _capacities.Of(name), options.Expiry, time, drops, listener, failures, local);
        channel.TryEnter();
        return _boxes.TryAdd(name, channel)
            ? channel
            : throw new InvalidOperationException($"Channel \"{name}\" exists already.");
    }

    public void Close(OwnChannel channel)
    {
        _boxes.TryRemove(KeyValuePair.Create<string, Mailbox>(channel.Name, channel));
        channel.End();
    }

    public OwnChannel? FindOwn(string channel) => _boxes.GetValueOrDefault(channel) as OwnChannel;

    /// <summary>The mailbox of a general channel, made if there is none. Whoever enters leaves again.</summary>
    public Mailbox Enter(string channel)
    {
        Sweep();
        while (true)
        {
            // False only in the instant between a mailbox's retirement and its removal.
            var box = _boxes.GetOrAdd(channel, static (name, self) => self.Create(name), this);
            if (box.TryEnter())
            {
                return box;
            }
        }
    }

    public void Leave(Mailbox box)
    {
        if (box.Leave())
        {
            _boxes.TryRemove(KeyValuePair.Create(box.Name, box));
        }
    }

    public void Clear()
    {
        foreach (var box in _boxes.Values.Where(box => box.TryEnter()))
        {
            box.Clear();
            Leave(box);
        }
    }

    private Mailbox Create(string channel) => new(channel, _capacities.Of(channel), options.Expiry, time, drops);

    /// <summary>Once per expiry, whoever comes by throws out what has expired in mailboxes that nobody reads any more.</summary>
    private void Sweep()
    {
        var swept = Volatile.Read(ref _swept);
        if (time.GetElapsedTime(swept) < options.Expiry
            || Interlocked.CompareExchange(ref _swept, time.GetTimestamp(), swept) != swept)
        {
            return;
        }

        foreach (var box in _boxes.Values.Where(box => box.TryEnter()))
        {
            box.DropExpired();
            Leave(box);
        }
    }
}
