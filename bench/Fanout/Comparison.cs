using System.Text.Json;

namespace ChannelsNet.Bench.Fanout;

/// <summary>
/// The rounds. In each, all servers are started anew and warmed up; then each workload goes through the servers in turn, so that those
/// that are compared are measured within seconds of each other.
/// </summary>
internal sealed class Comparison(Options options, IReadOnlyList<Server> servers, Started started)
{
    private readonly Results _results = new();

    public async Task<Results> RunAsync()
    {
        var workloads = Workload.All.Where(options.Takes).ToLookup(workload => workload.Setting);
        for (var round = 1; round <= options.Rounds; round++)
        {
            // Not always the same one first.
            Server[] order = [.. servers.Skip(round % servers.Count), .. servers.Take(round % servers.Count)];
            await RunWarmAsync(round, order, workloads[Setting.Warm].ToArray());
            foreach (var workload in workloads[Setting.Fresh])
            {
                foreach (var server in order)
                {
                    await MeasureAsync(round, workload, server, [await Node.StartAsync(started, server)]);
                    started.KillAll();
                }
            }

            foreach (var workload in workloads[Setting.TwoNodes])
            {
                foreach (var server in order)
                {
                    var redis = await Node.StartRedisAsync(started);
                    Node[] nodes = [await Node.StartAsync(started, server, redis), await Node.StartAsync(started, server, redis)];
                    await LoadAsync(Workload.WarmUp, server, nodes);
                    await MeasureAsync(round, workload, server, nodes, redis);
                    started.KillAll();
                }
            }
        }

        return _results;
    }

    private async Task RunWarmAsync(int round, Server[] order, Workload[] workloads)
    {
        if (workloads.Length == 0)
        {
            return;
        }

        var nodes = new Dictionary<Server, Node[]>();
        foreach (var server in order)
        {
            nodes[server] = [await Node.StartAsync(started, server)];
            await LoadAsync(Workload.WarmUp, server, nodes[server]);
        }

        foreach (var workload in workloads)
        {
            foreach (var server in order)
            {
                await MeasureAsync(round, workload, server, nodes[server]);
            }
        }

        started.KillAll();
    }

    private async Task MeasureAsync(int round, Workload workload, Server server, Node[] nodes, Node? redis = null)
    {
        var line = await LoadAsync(workload.Job with { Seconds = options.Seconds }, server, nodes, redis);
        Console.WriteLine($"{round} {workload.Name} {server.Name}: {line}");
        _results.Add(workload, server, JsonSerializer.Deserialize<LoadResult>(line)!);
    }

    /// <summary>Runs the load generator; its result, as it wrote it.</summary>
    private async Task<string> LoadAsync(LoadJob job, Server server, Node[] nodes, Node? redis = null)
    {
        job = job with
        {
            Protocol = server.Protocol,
            Ports = [.. nodes.Select(node => node.Port)],
            Processes = [.. nodes.Append(redis).OfType<Node>().Select(node => node.Process.Id)],
        };
        var load = started.Start(Started.LoadCore, [Paths.Program("Load"), JsonSerializer.Serialize(job)]);
        var output = await load.StandardOutput.ReadToEndAsync();
        await load.WaitForExitAsync();
        return load.ExitCode == 0
            ? output.Trim()
            : throw new InvalidOperationException($"The load generator ended with {load.ExitCode} at {server.Name}, {JsonSerializer.Serialize(job)}.");
    }
}
