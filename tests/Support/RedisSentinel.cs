namespace ChannelsNet.Support;

/// <summary>A primary and its replica, and sentinels that make the replica the primary about a second after the primary is gone.</summary>
public sealed class RedisSentinel : IAsyncDisposable
{
    private readonly List<(int Port, RedisProcess Process)> _sentinels = [];
    private readonly List<RedisServer> _servers = [];

    private RedisSentinel()
    {
    }

    /// <summary>The name by which the sentinels know the two.</summary>
    public string ServiceName { get; } = "channels";

    /// <summary>host:port of each sentinel.</summary>
    public IEnumerable<string> Addresses => _sentinels.Select(sentinel => $"127.0.0.1:{sentinel.Port}");

    /// <summary>The server that is the primary first.</summary>
    public RedisServer First => _servers[0];

    /// <summary>The server that is the replica first.</summary>
    public RedisServer Second => _servers[1];

    /// <summary>What the sentinels have seen and done, for the message of a test that fails.</summary>
    public string Log => string.Join(Environment.NewLine, _sentinels.Select(sentinel => sentinel.Process.Output));

    /// <summary>Starts them all and waits until the sentinels know the replica and one another.</summary>
    /// <param name="sentinels">How many sentinels; more than half of them must agree that the primary is gone.</param>
    /// <exception cref="ProgramMissingException">There is no redis-server, and none is required.</exception>
    public static async Task<RedisSentinel> StartAsync(int sentinels = 1)
    {
        var all = new RedisSentinel();
        try
        {
            all._servers.Add(await RedisServer.StartProcessAsync(arguments: ["--repl-diskless-sync-delay", "0"]));
            all._servers.Add(await RedisServer.StartProcessAsync(arguments:
                ["--replicaof", "127.0.0.1", $"{all.First.Port}", "--repl-diskless-sync-delay", "0"]));

            // A sentinel finds the replica at once if it is there when the sentinel starts, else ten seconds later.
            await RedisQuestion.WhenAsync(
                all.First.Port, ["INFO", "replication"], answer => RedisQuestion.Text(answer).Contains("state=online"));
            for (var i = 0; i < sentinels; i++)
            {
                var port = Ports.Free();
                all._sentinels.Add((port, await RedisProcess.StartAsync(
                    folder => [all.WriteConfiguration(folder, port, (sentinels / 2) + 1), "--sentinel"], ready: "+monitor")));
            }

            foreach (var (port, _) in all._sentinels)
            {
                await RedisQuestion.WhenAsync(port, ["SENTINEL", "REPLICAS", all.ServiceName], answer =>
                    RedisQuestion.Text(answer).Contains("master-link-status ok"));
                await RedisQuestion.WhenAsync(port, ["SENTINEL", "MASTER", all.ServiceName], answer =>
                    RedisQuestion.Text(answer).Contains($"num-other-sentinels {sentinels - 1} "));
            }

            return all;
        }
        catch
        {
            await all.DisposeAsync();
            throw;
        }
    }

    /// <summary>Who the primary is, as the first sentinel says.</summary>
    public async Task<RedisServer> PrimaryAsync()
    {
        var address = (object?[])(await RedisQuestion.AskAsync(
            _sentinels[0].Port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", ServiceName))!;
        return _servers.Single(server => $"{server.Port}" == (string?)address[1]);
    }

    /// <summary>Kills the primary (SIGKILL). Its replica takes its place some time later.</summary>
    /// <returns>The server that is gone, which can be started again.</returns>
    public async Task<RedisServer> KillPrimaryAsync()
    {
        var primary = await PrimaryAsync();
        await primary.KillAsync();
        return primary;
    }

    /// <summary>Waits until a server is the primary: all sentinels say so, and it takes writes.</summary>
    public async Task WhenPrimaryAsync(RedisServer server)
    {
        foreach (var (port, _) in _sentinels)
        {
            await RedisQuestion.WhenAsync(port, ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", ServiceName], answer =>
                RedisQuestion.Text(answer).Contains($" {server.Port}]"));
        }

        await RedisQuestion.WhenAsync(server.Port, ["ROLE"], answer => RedisQuestion.Text(answer).StartsWith("[master ", StringComparison.Ordinal));
    }

    /// <summary>
    /// Starts a server again that was the primary, as the replica of the one that is it now. The sentinels would see to that too, but
    /// take ten seconds and more, in which there are two primaries.
    /// </summary>
    public async Task StartAgainAsReplicaAsync(RedisServer server)
    {
        var primary = await PrimaryAsync();
        await server.StartAgainAsync();
        await RedisQuestion.AskAsync(server.Port, "REPLICAOF", "127.0.0.1", $"{primary.Port}");
        await RedisQuestion.WhenAsync(
            server.Port, ["INFO", "replication"], answer => RedisQuestion.Text(answer).Contains("master_link_status:up"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, process) in _sentinels)
        {
            await process.DisposeAsync();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>A file, since a sentinel writes what it learns into its configuration.</summary>
    private string WriteConfiguration(string folder, int port, int quorum)
    {
        var file = Path.Combine(folder, "sentinel.conf");
        File.WriteAllLines(file,
        [
            $"port {port}",
            "bind 127.0.0.1",
            $"dir {folder}",
            $"sentinel monitor {ServiceName} 127.0.0.1 {First.Port} {quorum}",
            $"sentinel down-after-milliseconds {ServiceName} 1000",
            $"sentinel failover-timeout {ServiceName} 3000",
        ]);
        return file;
    }
}
