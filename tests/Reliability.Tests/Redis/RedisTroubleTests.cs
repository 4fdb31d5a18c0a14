using ChannelsNet.Support;

namespace ChannelsNet.Redis;

/// <summary>Redis has trouble while clients are connected and messages flow.</summary>
public sealed class RedisTroubleTests
{
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(2);

    /// <summary>
    /// What a machine adds that does much else: the nodes, the clients and Redis share it with other tests. In full the tests of this project run alone.
    /// </summary>
    private static readonly TimeSpan _slack = TimeSpan.FromSeconds(Size.Of(full: 3, small: 10));

    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData("stopped and started")]
    [InlineData("killed and restarted empty")]
    public async Task A_server_that_goes_away_and_comes_back_costs_messages_and_no_connection(string fault)
    {
        await using var redis = await RedisServer.StartProcessAsync();
        await using var trouble = await RedisTrouble.StartAsync(redis.Address);
        await (fault.StartsWith("killed", StringComparison.Ordinal) ? redis.KillAsync() : redis.StopAsync());
        var seen = await trouble.HealthAsync("Degraded");
        var near = await trouble.HearOneselfAsync();
        await Task.Delay(RedisTrouble.Duration);

        await redis.StartAgainAsync();
        var back = await trouble.HealthAsync("Healthy");
        var heard = await trouble.HeardAgainAsync();
        var (missed, text) = await trouble.CountAsync();
        Report.Add($"redis-server {fault}", $"{RedisTrouble.Clients} clients, 2 nodes, away {RedisTrouble.Duration.TotalSeconds:0} s",
            $"seen after {seen.TotalSeconds:0.0} s; meanwhile a client heard one at its own node after {near.TotalMilliseconds:0} ms; connected {back.TotalSeconds:0.0} s after the return, every client hears {heard.TotalSeconds:0.0} s later; {text}");
        Assert.InRange(seen, TimeSpan.Zero, _soon + _slack);
        Assert.InRange(near, TimeSpan.Zero, _soon + _slack);
        Assert.InRange(back + heard, TimeSpan.Zero, _soon + _slack);

        // The sender keeps what it can't send, so at most what was under way when the server went and what came before all subscribed again is missed.
        Assert.InRange(missed[^1], 0, (int)((seen + back + heard).TotalSeconds + 1) * RedisTrouble.PerSecond);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Connections_that_are_cut_one_by_one_are_made_again()
    {
        await using var redis = await RedisServer.StartProcessAsync();
        await using var trouble = await RedisTrouble.StartAsync(redis.Address);
        var cut = 0;
        for (var round = 0; round < Size.Of(full: 5, small: 2); round++)
        {
            var clients = RedisQuestion.Text(await RedisQuestion.AskAsync(redis.Port, "CLIENT", "LIST"));
            foreach (var id in clients.Split('\n').Where(line => line.Contains("lib-name", StringComparison.Ordinal) || line.Contains("name=ChannelsNet", StringComparison.Ordinal))
                .Select(line => line.Split(' ')[0].Split('=')[1]))
            {
                await RedisQuestion.AskAsync(redis.Port, "CLIENT", "KILL", "ID", id);
                cut++;
                await Task.Delay(200);
            }
        }

        Assert.True(cut >= 12, $"Only {cut} connections were cut.");
        var back = await trouble.HealthAsync("Healthy");
        var heard = await trouble.HeardAgainAsync();
        var (missed, text) = await trouble.CountAsync(inOrder: false);
        Report.Add("connections to Redis cut one by one", $"{RedisTrouble.Clients} clients, 2 nodes, {cut} cuts",
            $"connected {back.TotalSeconds:0.0} s after the last, every client hears {heard.TotalSeconds:0.0} s later; {text}");
        Assert.InRange(back + heard, TimeSpan.Zero, _soon + _slack);
        Assert.InRange(missed[^1], 0, cut * 2 * RedisTrouble.PerSecond);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_slow_server_delays_and_loses_nothing()
    {
        await using var redis = await RedisServer.StartProcessAsync();
        await using var proxy = TcpProxy.Start(redis.Address);
        await using var trouble = await RedisTrouble.StartAsync(proxy.Address);
        proxy.Delay = TimeSpan.FromMilliseconds(500);
        await Task.Delay(RedisTrouble.Duration);
        var heard = await trouble.HeardAgainAsync();
        proxy.Delay = TimeSpan.Zero;
        await trouble.HealthAsync("Healthy");
        var (missed, text) = await trouble.CountAsync();
        Report.Add("Redis slow by 500 ms each way", $"{RedisTrouble.Clients} clients, 2 nodes, for {RedisTrouble.Duration.TotalSeconds:0} s",
            $"a message is heard after {heard.TotalSeconds:0.0} s; {text}");
        Assert.Equal(0, missed[^1]);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_server_without_memory_takes_no_new_members_and_has_them_when_it_has_memory_again()
    {
        await using var redis = await RedisServer.StartProcessAsync();
        await using var trouble = await RedisTrouble.StartAsync(redis.Address, ChannelLayerBackend.Redis);
        await RedisQuestion.AskAsync(redis.Port, "CONFIG", "SET", "maxmemory", "1");
        await using var late = await trouble.ConnectLateAsync();
        await Task.Delay(RedisTrouble.Duration);
        Assert.Equal(0, late.Clients[0].LastHeard);

        await RedisQuestion.AskAsync(redis.Port, "CONFIG", "SET", "maxmemory", "0");
        var heard = await trouble.HeardAgainAsync(late);
        var (missed, text) = await trouble.CountAsync();
        Report.Add("Redis out of memory (queues)", $"{RedisTrouble.Clients} clients, 2 nodes, for {RedisTrouble.Duration.TotalSeconds:0} s",
            $"a client that came meanwhile hears {heard.TotalSeconds:0.0} s after there is memory again; {text}");
        Assert.InRange(heard, TimeSpan.Zero, _soon + _slack);
        Assert.Equal(0, missed[^1]);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_sentinel_failover_is_followed()
    {
        await using var sentinel = await RedisSentinel.StartAsync();
        await using var trouble = await RedisTrouble.StartAsync($"{string.Join(',', sentinel.Addresses)},serviceName={sentinel.ServiceName}");
        await sentinel.KillPrimaryAsync();
        await sentinel.WhenPrimaryAsync(sentinel.Second);
        var heard = await trouble.HeardAgainAsync();
        var back = await trouble.HealthAsync("Healthy");
        var (missed, text) = await trouble.CountAsync();
        Report.Add("Sentinel failover", $"{RedisTrouble.Clients} clients, 2 nodes, primary killed",
            $"every client hears {heard.TotalSeconds:0.0} s after the replica has become the primary, healthy {back.TotalSeconds:0.0} s later; {text}");
        Assert.InRange(heard, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.InRange(missed[^1], 0, 15 * RedisTrouble.PerSecond);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_cluster_that_loses_a_node_goes_on_with_its_replica()
    {
        await using var cluster = await RedisCluster.StartAsync(nodes: 3, replicas: 1);
        await using var trouble = await RedisTrouble.StartAsync(string.Join(',', cluster.Addresses));
        await cluster.Nodes[0].KillAsync();
        await cluster.WhenWholeAsync();
        var heard = await trouble.HeardAgainAsync();
        var back = await trouble.HealthAsync("Healthy");
        var (missed, text) = await trouble.CountAsync(inOrder: false);
        Report.Add("Cluster node killed", $"{RedisTrouble.Clients} clients, 2 nodes, 3 primaries with a replica each",
            $"every client hears {heard.TotalSeconds:0.0} s after the cluster is whole again, healthy {back.TotalSeconds:0.0} s later; {text}");
        Assert.InRange(heard, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.InRange(missed[^1], 0, 15 * RedisTrouble.PerSecond);
    }
}
