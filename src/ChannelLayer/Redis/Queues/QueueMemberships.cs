using ChannelsNet.InMemory;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis.Queues;

/// <summary>
/// The memberships of a layer with queues, stored in Redis. Those of this process's own channels are stored again in time, so that none ends while its
/// channel lives, when a server has come back, which may have lost them, and when one could not be stored.
/// </summary>
/// <remarks>
/// A membership can be stored after its channel has left the group or has ended: the command waits for the first connection, or all memberships are being
/// stored again just then. So each store is followed by a look at the channel, and a discard where it is not a member any more.
/// </remarks>
internal sealed class QueueMemberships(Func<string, QueueHost> hostOf, Action renew, ILogger logger) : IMemberships
{
    public async Task Add(string group, string channel, OwnChannel? own)
    {
        if (own is null)
        {
            await hostOf(group).JoinAsync(group, [channel]).ConfigureAwait(false);
        }
        else if (await TryAddAsync(group, [own]).ConfigureAwait(false) is { } fault)
        {
            // It is stored when the server takes it again.
            RedisLog.NotJoined(logger, group, fault.Message);
            renew();
        }
    }

    public async Task Discard(string group, string channel, OwnChannel? own)
    {
        try
        {
            await hostOf(group).LeaveAsync(group, channel).ConfigureAwait(false);
            own?.RecordDiscard(group, isDone: true);
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException or ObjectDisposedException)
        {
            // A channel that has ended gets nothing; its membership ends after a time. One that lives must not get what others of the group are sent.
            RedisLog.NotLeft(logger, group, fault.Message);
            if (own?.RecordDiscard(group, isDone: false) == true)
            {
                renew();
            }
        }
    }

    /// <summary>Stores all memberships of this process again, and discards those that could not be discarded; false if some could not be.</summary>
    public async Task<bool> RenewAsync(IEnumerable<OwnChannel> channels)
    {
        var all = true;
        var own = channels.ToArray();
        var members = from channel in own
                      from @group in channel.Groups
                      group channel by @group;
        foreach (var member in members)
        {
            foreach (var some in member.Chunk(1000))
            {
                all &= await TryAddAsync(member.Key, some).ConfigureAwait(false) is null;
            }
        }

        foreach (var channel in own)
        {
            foreach (var group in channel.UndiscardedGroups)
            {
                await channel.DiscardUnlessMember(group, this).ConfigureAwait(false);
            }

            all &= channel.UndiscardedGroups.Length == 0;
        }

        return all;
    }

    private async Task<Exception?> TryAddAsync(string group, OwnChannel[] channels)
    {
        try
        {
            await hostOf(group).JoinAsync(group, [.. channels.Select(channel => channel.Name)]).ConfigureAwait(false);
            foreach (var channel in channels)
            {
                await channel.DiscardUnlessMember(group, this).ConfigureAwait(false);
            }

            return null;
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            return fault;
        }
    }
}
