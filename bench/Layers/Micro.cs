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
        var reports = BenchmarkRunner.Run(
                [typeof(InMemoryBenchmarks), typeof(InMemoryGroupBenchmarks), typeof(ConsumerBenchmarks), typeof(FrameBenchmarks)], config)
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
        AppendEach(text, Of(typeof(InMemoryGroupBenchmarks)), nameof(InMemoryGroupBenchmarks.Members));

        text.AppendLine();
        text.AppendLine("| group send, sent on as JSON by all consumers | median | min to max | per consumer | frames/s | allocated |");
        text.AppendLine("|---|---:|---:|---:|---:|---:|");
        AppendEach(text, Of(typeof(ConsumerBenchmarks)), nameof(ConsumerBenchmarks.Consumers));

        text.AppendLine();
        text.AppendLine("| one frame, made once for all | median | min to max | allocated |");
        text.AppendLine("|---|---:|---:|---:|");
        foreach (var report in Of(typeof(FrameBenchmarks)))
        {
            var time = report.ResultStatistics!;
            text.AppendLine(
                $"| {report.BenchmarkCase.Descriptor.WorkloadMethod.Name} | {time.Median:N0} ns | {time.Min:N0} to {time.Max:N0} ns | {Allocated(report)} B |");
        }

        Readme.Write("micro", "dotnet run -c Release --project bench/Layers -- micro", ["BenchmarkDotNet 0.15.8"], text.ToString());

        IEnumerable<BenchmarkReport> Of(Type benchmarks) => reports.Where(report => report.BenchmarkCase.Descriptor.Type == benchmarks);
    }

    private static void AppendEach(StringBuilder text, IEnumerable<BenchmarkReport> reports, string parameter)
    {
        foreach (var report in reports)
        {
            var count = (int)report.BenchmarkCase.Parameters[parameter];
            var time = report.ResultStatistics!;
            text.AppendLine(
                $"| {count:N0} | {time.Median:N0} ns | {time.Min:N0} to {time.Max:N0} ns | {time.Median / count:N0} ns "
                + $"| {1e9 / time.Median * count:N0} | {Allocated(report)} B |");
        }
    }

    private static long Allocated(BenchmarkReport report) => report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? -1;
}
