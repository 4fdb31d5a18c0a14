using ChannelsNet.Support;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace ChannelsNet.Redis.Topologies;

/// <summary>A server with a user that may do what docs/security.md says, for the prefix of these tests.</summary>
public abstract class UserOfThePage(string user) : OneServer
{
    /// <summary>Asked when StackExchange.Redis connects, and done without: settings of the server, other nodes, a vote between primaries.</summary>
    private static readonly string[] _optional = ["config|get", "cluster|nodes", "cluster|slots", "__Booksleeve_TieBreak"];

    public Task ForgetAsync() => RedisQuestion.AskAsync(Server!.Port, "ACL", "LOG", "RESET");

    /// <summary>What the user has tried since then, may not do, and needs.</summary>
    public async Task<string> RefusedAsync()
    {
        var log = (object?[])(await RedisQuestion.AskAsync(Server!.Port, "ACL", "LOG"))!;
        var objects = log.Select(entry => (object?[])entry!).Select(entry => (string)entry[Array.IndexOf(entry, "object") + 1]!);
        return string.Join(", ", objects.Except(_optional));
    }

    protected override async Task<string> StartAsync()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "security.md"));
        var rules = page.Split($"ACL SETUSER {user} ")[1].Split('`', '#')[0]
            .Replace("~asgi", "~prefix-*", StringComparison.Ordinal)
            .Split([' ', '\\', '\n', '\''], StringSplitOptions.RemoveEmptyEntries);
        Server = await RedisServer.StartProcessAsync(arguments: ["--user", user, .. rules]);
        return $"redis://{user}:PASSWORD@{Server.Address}";
    }
}

public sealed class UserForQueues() : UserOfThePage("channels-queues");

public sealed class UserForPubSub() : UserOfThePage("channels-pubsub");

/// <summary>All that a layer does, by a user that may do nothing else.</summary>
public abstract class UserOfThePageFacts(UserOfThePage redis, ChannelLayerBackend backend) : TopologyFacts(redis, backend)
{
    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Nothing_is_tried_that_the_user_may_not_do()
    {
        await redis.ForgetAsync();
        var process = NewProcess(Backend, redis.Host);
        var layer = process.GetRequiredService<IChannelLayer>();
        await using (var channel = await layer.NewChannelAsync(cancellationToken: Patience))
        {
            await layer.GroupAddAsync("room", channel.Name, Patience);
            await layer.GroupSendAsync("room", new Note("hello"), cancellationToken: Patience);
            Assert.Equal("hello", await ReadAsync(channel));
            await layer.SendAsync("general", new Note("waits"), Patience);
        }

        await layer.FlushAsync(Patience);
        await using (var lease = process.GetRequiredService<ILeases>().Open("clock"))
        {
            while (!await lease.TryClaimAsync(1, Patience))
            {
                Assert.Equal("", await redis.RefusedAsync());
            }
        }

        Assert.Equal(ChannelLayerState.Connected, process.GetRequiredService<IChannelLayerStatus>().State);
        Assert.Equal("", await redis.RefusedAsync());
    }
}

public sealed class RedisPubSubWithLeastPrivileges(UserForPubSub redis)
    : UserOfThePageFacts(redis, ChannelLayerBackend.RedisPubSub), IClassFixture<UserForPubSub>;

public sealed class RedisQueuesWithLeastPrivileges(UserForQueues redis)
    : UserOfThePageFacts(redis, ChannelLayerBackend.Redis), IClassFixture<UserForQueues>
{
    [SkippableFact(typeof(ProgramMissingException))]
    public async Task The_keys_of_others_are_out_of_reach()
    {
        var outside = NewLayer(Backend, redis.Host, options => options.Prefix = "other");
        var fault = await Assert.ThrowsAnyAsync<RedisServerException>(() => outside.SendAsync("general", new Note("hello"), Patience).AsTask());
        Assert.StartsWith("NOPERM", fault.Message, StringComparison.Ordinal);
    }
}
