using ChannelsNet.InMemory;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis.Queues;

/// <summary>
/// The memberships of a layer with queues, written down in Redis. Those of this process's own channels are written again in time, so that none
/// ends while its channel lives, and when a server has come back, which may have lost them.
/// </summary>
internal sealed class QueueMemberships(Func<string, QueueHost> hostOf, ILogger logger) : IMemberships
{
    public Task Add(string group, string channel, OwnChannel? own) => AddAsync(group, [channel], own is not null);

    public async Task Discard(string group, string channel)
    {
        try
        {
            await hostOf(group).LeaveAsync(group, channel).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException or ObjectDisposedException)
        {
            // What is sent to it until its membership ends finds no channel.
            RedisLog.NotLeft(logger, group, fault.Message);
        }
    }

    /// <summary>Writes all memberships of this process down again; false if some could not be.</summary>
    public async Task<bool> RenewAsync(IEnumerable<OwnChannel> channels)
    {
        var all = true;
        var members = from channel in channels
                      from @group in channel.Groups
                      group channel.Name by @group;
        foreach (var member in members)
        {
            foreach (var names in member.Chunk(1000))
            {
                all &= await AddAsync(member.Key, names, own: true).ConfigureAwait(false);
            }
        }

        return all;
    }

    private async Task<bool> AddAsync(string group, string[] channels, bool own)
    {
        try
        {
            await hostOf(group).JoinAsync(group, channels).ConfigureAwait(false);
            return true;
        }
        catch (Exception fault) when (own && fault is RedisException or TimeoutException)
        {
            // It is written down when the server is back.
            RedisLog.NotJoined(logger, group, fault.Message);
            return false;
        }
    }
}
