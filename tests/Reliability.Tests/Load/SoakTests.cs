using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using ChannelsNet.Bench;
using ChannelsNet.Support;

namespace ChannelsNet.Load;

/// <summary>Many connections in many groups for a long time, while messages flow and memberships change.</summary>
public sealed class SoakTests
{
    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Every_member_gets_every_message_and_memory_stays_flat(int nodes)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The load generator speaks to Linux itself.");
        await using var redis = nodes > 1 ? await RedisServer.StartAsync() : null;
        using var programs = new RunningPrograms();
        var ports = Enumerable.Range(0, nodes).Select(_ => Ports.Free()).ToArray();
        var servers = new List<int>();
        foreach (var port in ports)
        {
            string[] over = redis is null ? [] : ["--redis", redis.Address];
            var server = programs.Start("Servers", ["channels", "--port", $"{port}", "--Logging:LogLevel:Default", "Warning", .. over]);
            await Programs.WaitAsync(server, "ready");
            servers.Add(server.Id);
        }

        var job = new LoadJob
        {
            Work = "soak",
            Protocol = "websocket",
            Ports = ports,
            Processes = [.. servers],
            Clients = Size.Of(full: 10_000, small: 1000),
            Groups = Size.Of(full: 1000, small: 100),
            GroupsEach = 20,
            PerSecond = Size.Of(full: 50, small: 20),
            ChangesPerSecond = 50,
            WarmUp = Size.Of(full: 60, small: 10),
            Seconds = Size.Of(full: 600, small: 40),
        };
        var load = programs.Start("Load", [JsonSerializer.Serialize(job)]);
        var result = JsonSerializer.Deserialize<LoadResult>(await load.StandardOutput.ReadToEndAsync())!;
        Assert.Null(result.Fault);
        var (before, after, most) = (result.Megabytes[0], result.Megabytes[1], result.Megabytes[2]);
        Report.Add(
            $"soak, {nodes} {(nodes == 1 ? "node" : "nodes over Redis")}",
            $"{job.Clients} clients in {job.GroupsEach} of {job.Groups} groups each, {job.PerSecond} messages/s, {job.ChangesPerSecond} changes of membership/s, {job.Seconds} s",
            $"{result.Count} deliveries, {result.Changes} changes, none lost, doubled or out of order; p50 {result.P50:0.0} ms, p99 {result.P99:0.0} ms; memory of all nodes {before:0} MiB after the warm-up, {after:0} MiB at the end, at most {most:0} MiB between");

        // A twentieth more, or what a few segments of the heap are.
        Assert.InRange(after, 0, (before * 1.05) + 16);
        Assert.InRange(result.Count, 0.9 * job.Seconds * job.PerSecond * 0.9 * job.Clients * job.GroupsEach / job.Groups, double.MaxValue);
    }

    /// <summary>Programs of bench/, which end with the test.</summary>
    private sealed class RunningPrograms : IDisposable
    {
        private readonly List<Process> _processes = [];

        public Process Start(string program, string[] arguments)
        {
            var path = typeof(SoakTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == program).Value!;
            var process = Programs.Start("dotnet", [path, .. arguments]);
            _processes.Add(process);
            return process;
        }

        public void Dispose()
        {
            foreach (var process in _processes)
            {
                process.Kill();
                process.Dispose();
            }
        }
    }
}
