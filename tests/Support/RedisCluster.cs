namespace ChannelsNet.Support;

/// <summary>A Redis Cluster of redis-server processes, whose slots lie on its primaries in equal ranges.</summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Slots = 16_384;

    private readonly List<RedisServer> _nodes = [];

    private RedisCluster()
    {
    }

    /// <summary>The primaries in the order of their slots, then their replicas.</summary>
    public IReadOnlyList<RedisServer> Nodes => _nodes;

    public IEnumerable<string> Addresses => _nodes.Select(node => node.Address);

    /// <summary>Starts a cluster and waits until each node calls it whole.</summary>
    /// <param name="nodes">How many primaries it has.</param>
    /// <param name="replicas">How many replicas each of them has; they take over about two seconds after their primary is gone.</param>
    /// <exception cref="ProgramMissingException">There is no redis-server, and none is required.</exception>
    public static async Task<RedisCluster> StartAsync(int nodes = 3, int replicas = 0)
    {
        var cluster = new RedisCluster();
        try
        {
            var all = nodes * (1 + replicas);
            var buses = new List<int>();
            for (var i = 0; i < all; i++)
            {
                buses.Add(Ports.Free());
                cluster._nodes.Add(await RedisServer.StartProcessAsync(arguments:
                [
                    "--cluster-enabled", "yes", "--cluster-port", $"{buses[i]}", "--cluster-node-timeout", "1000",
                    "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0",
                ]));
                await cluster.AskAsync(i, "CLUSTER", "SET-CONFIG-EPOCH", $"{i + 1}");
            }

            for (var i = 0; i < nodes; i++)
            {
                await cluster.AskAsync(i, "CLUSTER", "ADDSLOTSRANGE", $"{Slots * i / nodes}", $"{(Slots * (i + 1) / nodes) - 1}");
            }

            for (var i = 1; i < all; i++)
            {
                await cluster.AskAsync(0, "CLUSTER", "MEET", "127.0.0.1", $"{cluster._nodes[i].Port}", $"{buses[i]}");
            }

            await cluster.WhenEachKnowsAllAsync();
            for (var i = nodes; i < all; i++)
            {
                var primary = await cluster.AskAsync(i % nodes, "CLUSTER", "MYID");
                await cluster.AskAsync(i, "CLUSTER", "REPLICATE", (string)primary!);
                await RedisQuestion.WhenAsync(
                    cluster._nodes[i].Port, ["INFO", "replication"], answer => RedisQuestion.Text(answer).Contains("master_link_status:up"));
            }

            foreach (var primary in cluster._nodes.Take(nodes))
            {
                await RedisQuestion.WhenAsync(
                    primary.Port, ["INFO", "replication"], answer => RedisQuestion.Text(answer).Contains($"connected_slaves:{replicas}"));
            }

            await cluster.WhenWholeAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until each node that answers calls the cluster whole, as it does again some time after a node has gone or come.</summary>
    public async Task WhenWholeAsync()
    {
        foreach (var node in _nodes.Where(node => node.IsRunning))
        {
            await RedisQuestion.WhenAsync(node.Port, ["CLUSTER", "INFO"], answer =>
                RedisQuestion.Text(answer).Contains("cluster_state:ok") && RedisQuestion.Text(answer).Contains($"cluster_slots_ok:{Slots}"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    private Task<object?> AskAsync(int node, params string[] words) => RedisQuestion.AskAsync(_nodes[node].Port, words);

    private async Task WhenEachKnowsAllAsync()
    {
        foreach (var node in _nodes)
        {
            await RedisQuestion.WhenAsync(node.Port, ["CLUSTER", "NODES"], answer =>
                RedisQuestion.Text(answer).Split('\n', StringSplitOptions.RemoveEmptyEntries) is { } lines
                && lines.Length == _nodes.Count && lines.All(line => line.Contains(" connected") && !line.Contains("handshake")));
        }
    }
}
