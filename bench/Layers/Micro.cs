using System.Text;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace ChannelsNet.Bench.Layers;

/// <summary>The layer in memory, by BenchmarkDotNet in this process: what is measured needs no project of its own.</summary>
internal static class Micro
{
    private const double Goal = 5e6;

    private static readonly (string Method, string Work)[] _channels =
    [
        (nameof(InMemoryBenchmarks.OwnChannel), "own channel"),
        (nameof(InMemoryBenchmarks.GeneralChannelInUse), "general channel that holds a message"),
        (nameof(InMemoryBenchmarks.GeneralChannelEmpty), "general channel, empty in between"),
    ];

    public static void Run()
    {
        var config = DefaultConfig.Instance.AddJob(Job.Default
            .WithToolchain(InProcessEmitToolchain.Instance)
            .WithWarmupCount(8)
            .WithIterationCount(12)
            .WithIterationTime(TimeInterval.FromMilliseconds(250)));
        var reports = BenchmarkRunner.Run([typeof(InMemoryBenchmarks), typeof(InMemoryGroupBenchmarks)], config)
            .SelectMany(summary => summary.Reports).ToArray();

        var text = new StringBuilder();
        text.AppendLine("| send and receive of one message | median | min to max | messages/s | allocated | 5 million/s | nothing allocated |");
        text.AppendLine("|---|---:|---:|---:|---:|---|---|");
        foreach (var (method, work) in _channels)
        {
            var report = reports.Single(report => report.BenchmarkCase.Descriptor.WorkloadMethod.Name == method);
            var time = report.ResultStatistics!;
            text.AppendLine(
                $"| {work} | {time.Median:N0} ns | {time.Min:N0} to {time.Max:N0} ns | {1e9 / time.Median:N0} | {Allocated(report)} B "
                + $"| {Readme.Met(1e9 / time.Median >= Goal)} | {Readme.Met(Allocated(report) == 0)} |");
        }

        text.AppendLine();
        text.AppendLine("| group send, read by all its members | median | min to max | per member | deliveries/s | allocated |");
        text.AppendLine("|---|---:|---:|---:|---:|---:|");
        foreach (var report in reports.Where(report => report.BenchmarkCase.Descriptor.WorkloadMethod.Name == nameof(InMemoryGroupBenchmarks.GroupSend)))
        {
            var members = (int)report.BenchmarkCase.Parameters[nameof(InMemoryGroupBenchmarks.Members)];
            var time = report.ResultStatistics!;
            text.AppendLine(
                $"| {members:N0} members | {time.Median:N0} ns | {time.Min:N0} to {time.Max:N0} ns | {time.Median / members:N0} ns "
                + $"| {1e9 / time.Median * members:N0} | {Allocated(report)} B |");
        }

        Readme.Write("micro", "dotnet run -c Release --project bench/Layers -- micro", ["BenchmarkDotNet 0.15.8"], text.ToString());
    }

    private static long Allocated(BenchmarkReport report) => report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? -1;
}
