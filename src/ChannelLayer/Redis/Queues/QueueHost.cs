using System.Reflection;
using StackExchange.Redis;

namespace ChannelsNet.Redis.Queues;

/// <summary>One server of a layer with queues, and the commands that the layer says to it.</summary>
internal sealed class QueueHost(RedisConnection connection, RedisNames names, TimeSpan expiry, TimeSpan groupExpiry, QueueClock clock)
{
    private static readonly string _sendScript = Script("send.lua");

    public RedisConnection Connection => connection;

    /// <exception cref="InvalidOperationException">It is a Cluster, where the keys of one command would lie on different nodes.</exception>
    public static IDatabase DatabaseOf(ConnectionMultiplexer redis) => redis.GetServers().All(server => server.ServerType != ServerType.Cluster)
        ? redis.GetDatabase()
        : throw new InvalidOperationException(
            $"Redis at {redis.GetEndPoints(configuredOnly: true)[0]} is a Redis Cluster, on which the queues of this layer can't be. "
            + "Write \"Backend\": \"RedisPubSub\", which runs on a Cluster, or name in \"Hosts\" servers that are none.");

    /// <summary>Puts a value into each queue; how many were full.</summary>
    public async Task<int> SendAsync(IReadOnlyList<(RedisKey Queue, byte[] Value, int Capacity)> values)
    {
        var keys = new RedisKey[values.Count];
        var arguments = new RedisValue[2 + (2 * values.Count)];
        arguments[0] = clock.Next();
        arguments[1] = expiry.TotalSeconds;
        for (var i = 0; i < values.Count; i++)
        {
            keys[i] = values[i].Queue;
            arguments[(2 * i) + 2] = values[i].Value;
            arguments[(2 * i) + 3] = values[i].Capacity;
        }

        var database = await DatabaseAsync().ConfigureAwait(false);

        // By its hash, but for the first time on a server.
        return (int)await database.ScriptEvaluateAsync(_sendScript, keys, arguments).ConfigureAwait(false);
    }

    /// <summary>Takes the oldest values of a queue.</summary>
    public async Task<SortedSetEntry[]> TakeAsync(RedisKey queue, int count)
    {
        var database = await DatabaseAsync().ConfigureAwait(false);
        return await database.SortedSetPopAsync(queue, count).ConfigureAwait(false);
    }

    /// <summary>Puts back what was taken and not handed on, at its place.</summary>
    public async Task PutBackAsync(RedisKey queue, SortedSetEntry entry)
    {
        var database = await DatabaseAsync().ConfigureAwait(false);
        await Task.WhenAll(
            database.SortedSetAddAsync(queue, entry.Element, entry.Score),
            database.KeyExpireAsync(queue, expiry)).ConfigureAwait(false);
    }

    public async Task JoinAsync(string group, IReadOnlyCollection<string> channels)
    {
        var database = await DatabaseAsync().ConfigureAwait(false);
        var now = clock.Now;
        await Task.WhenAll(
            database.SortedSetAddAsync(names.Group(group), [.. channels.Select(channel => new SortedSetEntry(channel, now))]),
            database.KeyExpireAsync(names.Group(group), groupExpiry)).ConfigureAwait(false);
    }

    public async Task LeaveAsync(string group, string channel)
    {
        var database = await DatabaseAsync().ConfigureAwait(false);
        await database.SortedSetRemoveAsync(names.Group(group), channel).ConfigureAwait(false);
    }

    /// <summary>The members of a group whose membership has not ended, those longest in it first.</summary>
    public async Task<RedisValue[]> MembersAsync(string group)
    {
        var database = await DatabaseAsync().ConfigureAwait(false);
        var ended = database.SortedSetRemoveRangeByScoreAsync(names.Group(group), 0, clock.Now - groupExpiry.TotalSeconds);
        var members = database.SortedSetRangeByRankAsync(names.Group(group));
        await Task.WhenAll(ended, members).ConfigureAwait(false);
        return await members.ConfigureAwait(false);
    }

    /// <summary>Lets the reader of this process look anew at what it is to read.</summary>
    public async Task WakeAsync(RedisKey wake)
    {
        var database = await DatabaseAsync().ConfigureAwait(false);
        await Task.WhenAll(database.SortedSetAddAsync(wake, "wake", 0), database.KeyExpireAsync(wake, expiry)).ConfigureAwait(false);
    }

    public async Task FlushAsync()
    {
        var redis = await connection.GetAsync().ConfigureAwait(false);
        var database = DatabaseOf(redis);
        var pattern = string.Concat(names.AllKeys[..^1].Select(c => c is '*' or '?' or '[' or ']' or '\\' or '^' ? $"\\{c}" : $"{c}")) + "*";
        foreach (var server in redis.GetServers().Where(server => server.IsConnected && !server.IsReplica))
        {
            await foreach (var keys in server.KeysAsync(database.Database, pattern, 1000).Chunk(1000).ConfigureAwait(false))
            {
                await database.KeyDeleteAsync(keys).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<IDatabase> DatabaseAsync() => DatabaseOf(await connection.GetAsync().ConfigureAwait(false));

    private static string Script(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
