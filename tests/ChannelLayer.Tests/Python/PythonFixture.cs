using ChannelsNet.Support;

namespace ChannelsNet.Python;

/// <summary>One Python process for the tests of a class, and the Redis servers over which they meet it.</summary>
public sealed class PythonFixture : IAsyncLifetime
{
    private readonly List<RedisServer> _servers = [];
    private PythonPeer? _peer;
    private Exception? _missing;

    /// <exception cref="ProgramMissingException">There is none; said here, where it skips the test that asks.</exception>
    public PythonPeer Peer => _peer ?? throw _missing!;

    /// <summary>host:port of the first servers of the class.</summary>
    public IReadOnlyList<string> Hosts(int count) => [.. _servers.Take(count).Select(server => server.Address)];

    public async Task InitializeAsync()
    {
        try
        {
            _peer = await PythonPeer.StartAsync();
        }
        catch (ProgramMissingException fault)
        {
            _missing = fault;
            return;
        }

        _servers.Add(await RedisServer.StartAsync());
    }

    /// <summary>Starts as many servers as a test needs more.</summary>
    /// <exception cref="ProgramMissingException">There is no redis-server, and none is required.</exception>
    public async Task StartHostsAsync(int count)
    {
        while (_missing is null && _servers.Count < count)
        {
            _servers.Add(await RedisServer.StartProcessAsync());
        }
    }

    public async Task DisposeAsync()
    {
        if (_peer is not null)
        {
            await _peer.DisposeAsync();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }
}
