namespace ChannelsNet.Running;

public sealed class RedisUrlTests
{
    [Theory]
    [InlineData("localhost:6379", "localhost:6379")]
    [InlineData("redis://localhost:6379/3", "redis://localhost:6379/3")]
    [InlineData("rediss://ann:s@cret@host:1/0", "rediss://host:1/0")]
    [InlineData("host:1,password=secret,ssl=true", "host:1")]
    public void What_is_shown_of_an_address_holds_no_secret(string address, string shown) =>
        Assert.Equal(shown, RedisUrl.WithoutSecrets(address));
}
