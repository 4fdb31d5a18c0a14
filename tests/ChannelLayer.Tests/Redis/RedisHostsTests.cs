namespace ChannelsNet.Redis;

public sealed class RedisHostsTests
{
    /// <summary>As channels_redis computes it.</summary>
    [Theory]
    [InlineData("key_one", 1, 0)]
    [InlineData("key_two", 1, 0)]
    [InlineData("key_one", 2, 1)]
    [InlineData("key_two", 2, 0)]
    [InlineData("key_one", 10, 6)]
    [InlineData("key_two", 10, 4)]
    [InlineData("test-group", 10, 8)]
    [InlineData("test-group", 3, 2)]
    [InlineData("asgi__group__room", 7, 5)]
    [InlineData("specific.5d32cd61a75543cabcdcf57a46334e91!", 10, 8)]
    [InlineData("specific.5d32cd61a75543cabcdcf57a46334e91!86843f894f654c10b486233763d03032", 5, 3)]
    [InlineData("gé", 10, 7)]
    public void A_name_belongs_to_the_server_that_python_takes(string name, int servers, int expected) =>
        Assert.Equal(expected, RedisHosts.IndexOf(name, servers));
}
