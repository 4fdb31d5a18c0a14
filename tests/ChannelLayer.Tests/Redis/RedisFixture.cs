using ChannelsNet.Support;

namespace ChannelsNet.Redis;

/// <summary>Servers for the tests of a class: three, of which most layers take the first only.</summary>
public sealed class RedisFixture : IAsyncLifetime
{
    private RedisServer[] _servers = [];

    public string Address => _servers[0].Address;

    public IReadOnlyList<string> Addresses => [.. _servers.Select(server => server.Address)];

    public async Task InitializeAsync() => _servers = await Task.WhenAll(RedisServer.StartAsync(), RedisServer.StartAsync(), RedisServer.StartAsync());

    public async Task DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }
}
