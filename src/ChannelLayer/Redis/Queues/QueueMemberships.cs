using ChannelsNet.InMemory;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis.Queues;

/// <summary>
/// The memberships of a layer with queues, written down in Redis. Those of this process's own channels are written again in time, so that none
/// ends while its channel lives, when a server has come back, which may have lost them, and when one could not be written.
/// </summary>
internal sealed class QueueMemberships(Func<string, QueueHost> hostOf, Action renew, ILogger logger) : IMemberships
{
    public async Task Add(string group, string channel, OwnChannel? own)
    {
        if (own is null)
        {
            await hostOf(group).JoinAsync(group, [channel]).ConfigureAwait(false);
        }
        else if (await TryAddAsync(group, [channel]).ConfigureAwait(false) is { } fault)
        {
            // It is written down when the server takes it again.
            RedisLog.NotJoined(logger, group, fault.Message);
            renew();
        }
    }

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
                all &= await TryAddAsync(member.Key, names).ConfigureAwait(false) is null;
            }
        }

        return all;
    }

    private async Task<Exception?> TryAddAsync(string group, string[] channels)
    {
        try
        {
            await hostOf(group).JoinAsync(group, channels).ConfigureAwait(false);
            return null;
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            return fault;
        }
    }
}
