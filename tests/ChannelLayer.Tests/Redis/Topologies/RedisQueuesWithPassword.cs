using ChannelsNet.Support;
using StackExchange.Redis;

namespace ChannelsNet.Redis.Topologies;

public sealed class RedisQueuesWithPassword(PasswordAndDatabase redis)
    : TopologyFacts(redis, ChannelLayerBackend.Redis), IClassFixture<PasswordAndDatabase>
{
    [SkippableFact(typeof(ProgramMissingException))]
    public async Task What_waits_is_in_the_database_of_the_address_and_flushed_from_there()
    {
        var layer = NewLayer();
        await layer.SendAsync("jobs", new Note("1"), Patience);
        await using var observer = await ConnectionMultiplexer.ConnectAsync(
            new ConfigurationOptions { EndPoints = { redis.Address }, Password = "s:e/c@t" });
        Assert.True(await observer.GetDatabase(3).KeyExistsAsync($"{Prefix}jobs"));
        Assert.False(await observer.GetDatabase(0).KeyExistsAsync($"{Prefix}jobs"));
        await observer.GetDatabase(0).StringSetAsync($"{Prefix}other", "stays");
        await layer.FlushAsync(Patience);
        Assert.False(await observer.GetDatabase(3).KeyExistsAsync($"{Prefix}jobs"));
        Assert.True(await observer.GetDatabase(0).KeyExistsAsync($"{Prefix}other"));
    }
}
