using ChannelsNet.Clients;
using ChannelsNet.Support;

namespace ChannelsNet.Deploys;

/// <summary>A new version is rolled out over all nodes, one by one, while clients are connected and messages flow.</summary>
public sealed class RollingDeployTests
{
    private const int PerSecond = 20;

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_rolling_deploy_sends_every_client_to_another_node_within_seconds()
    {
        var count = Size.Of(full: 600, small: 150);
        var clock = new Clock();
        await using var redis = await RedisServer.StartAsync();
        var prefix = $"deploy-{Guid.NewGuid():N}";
        int[] ports = [Ports.Free(), Ports.Free(), Ports.Free()];
        await using var nginx = await NginxProcess.StartAsync(ports);
        var nodes = await Task.WhenAll(ports.Select(port => StartAsync(redis, prefix, port)));
        try
        {
            await using var crowd = await Crowd.ConnectAsync(count, clock, new Uri($"ws://127.0.0.1:{nginx.Port}/chat/deploy/"));
            await using var traffic = Traffic.Start(redis.Address, prefix, "deploy", PerSecond);
            await crowd.AllHeardAsync(1);
            var shortestStop = TimeSpan.MaxValue;
            var longestStop = TimeSpan.Zero;
            for (var i = 0; i < nodes.Length; i++)
            {
                var begun = clock.Now;
                await nodes[i].Process.StopAsync();
                var took = clock.Now - begun;
                (shortestStop, longestStop) = (Min(shortestStop, took), Max(longestStop, took));
                await crowd.AllConnectedAsync();
                await using var stopped = nodes[i];
                nodes[i] = await StartAsync(redis, prefix, ports[i]);
            }

            var last = await traffic.StopAsync();
            await crowd.AllHeardAsync(last);
            await crowd.StopAsync();

            var codes = crowd.Clients.SelectMany(client => client.Codes).GroupBy(code => code).Select(group => $"{group.Key}: {group.Count()}").Order();
            var missed = crowd.Missed(last);
            var again = crowd.Clients.Sum(client => client.Heard.Sum(heard => heard.Count) - client.Heard.SelectMany(heard => heard).Distinct().Count());
            var ends = crowd.Clients.Sum(client => client.Ends);
            var away = crowd.Clients.Max(client => client.LongestAway);
            Report.Add("rolling deploy", $"{count} clients, 3 nodes, {PerSecond} messages/s",
                $"{ends} connections closed (codes {string.Join(", ", codes)}); stop of a node {shortestStop.TotalSeconds:0.0} to {longestStop.TotalSeconds:0.0} s; longest away {away.TotalSeconds:0.0} s; missed of {last} messages: median {missed[count / 2]}, most {missed[^1]}; heard again from a node that was behind: {again}");

            // On a connection none twice and none out of order, and nobody was cut: each was told, and each came back to another node at its first try.
            Assert.All(crowd.Clients.SelectMany(client => client.Heard), heard => Assert.Equal(heard.Distinct().Order(), heard));
            Assert.All(crowd.Clients.SelectMany(client => client.Codes), code => Assert.Equal(1012, code));
            Assert.InRange(ends, count, 3 * count);
            Assert.InRange(away, TimeSpan.Zero, TimeSpan.FromSeconds(10));

            // Away for at most two seconds and a reconnect, three times at most.
            Assert.InRange(missed[^1], 0, 3 * 10 * PerSecond);
        }
        finally
        {
            foreach (var node in nodes)
            {
                await node.DisposeAsync();
            }
        }
    }

    private static Task<WebNode> StartAsync(RedisServer redis, string prefix, int port) => WebNode.StartAsync(new Dictionary<string, string>
    {
        ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
        ["ChannelLayers__default__Backend"] = "RedisPubSub",
        ["ChannelLayers__default__Hosts__0"] = redis.Address,
        ["ChannelLayers__default__Prefix"] = prefix,
    });

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
