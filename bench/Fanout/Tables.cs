using System.Globalization;
using System.Text;

namespace ChannelsNet.Bench.Fanout;

/// <summary>The results as the README shows them.</summary>
internal static class Tables
{
    public static string Of(Results results, IReadOnlyList<Server> servers)
    {
        var text = new StringBuilder();
        Ratios(text, results);
        Numbers(text, results, servers);
        IdleMemory(text, results, servers);
        if (Limit.Versions.Length == 0)
        {
            text.AppendLine("The limit is left out: there was no g++ to compile it.");
        }

        return text.ToString();
    }

    private static void Ratios(StringBuilder text, Results results)
    {
        text.AppendLine("| ChannelsNet, divided by | what | SignalR, JSON | target | | CPU for each | the limit | target | | CPU for each |");
        text.AppendLine("|---|---|---:|---:|---|---:|---:|---:|---|---:|");
        foreach (var workload in Workload.All.Where(workload => results.Of(workload, Server.Channels).Count > 0))
        {
            text.AppendLine(
                $"| {workload.Title} | {What(workload)} "
                + $"| {Ratio(results, workload, Server.SignalR, workload.SignalRTarget)} | {Ratio(results, workload, Server.Limit, workload.LimitTarget)} |");
        }

        text.AppendLine();
    }

    /// <summary>Four cells: the ratio, its target, whether it is met, and the ratio of processor time.</summary>
    private static string Ratio(Results results, Workload workload, Server peer, double? target)
    {
        if (results.Ratio(workload, peer, workload.Value) is not { } ratio)
        {
            return " | | | ";
        }

        var met = workload.IsRate ? ratio.Median >= target : ratio.Median <= target;
        var goal = target is null ? " | " : string.Create(CultureInfo.InvariantCulture, $"{(workload.IsRate ? "≥" : "≤")} {target} | {Readme.Met(met)}");
        var time = workload.Measure == Measure.IdleMemory ? null : results.Ratio(workload, peer, result => result.ServerMicroseconds);
        return $"{ratio.Cell("0.00")} | {goal} | {time?.Cell("0.00")}";
    }

    private static string What(Workload workload) => workload.Measure switch
    {
        Measure.P99 => "p99",
        Measure.IdleMemory => "memory",
        _ => workload.Job.Work == "broadcast" ? "deliveries/s" : "a second",
    };

    private static void Numbers(StringBuilder text, Results results, IReadOnlyList<Server> servers)
    {
        text.AppendLine("| work | server | a second | p50, ms | p99, ms | server's CPU for each, µs | server busy | generator busy | wrong |");
        text.AppendLine("|---|---|---:|---:|---:|---:|---:|---:|---|");
        foreach (var workload in Workload.All.Where(workload => workload.Measure != Measure.IdleMemory))
        {
            var title = workload.Title;
            foreach (var server in servers)
            {
                if (results.Of(workload, server) is { Count: > 0 } rounds)
                {
                    text.AppendLine(
                        $"| {title} | {server.Title} | {Cell(result => result.Rate, "N0")} | {Cell(result => result.P50, "0.0")} | {Cell(result => result.P99, "0.0")} "
                        + $"| {Cell(result => result.ServerMicroseconds, "0.00")} | {Cell(result => 100 * result.ServerShare, "0")} % | {Cell(result => 100 * result.LoadShare, "0")} % | {Faults(rounds)} |");
                    title = "";

                    string Cell(Func<LoadResult, double> value, string format) => new Spread(rounds.Select(value)).Cell(format);
                }
            }
        }

        text.AppendLine();
    }

    private static void IdleMemory(StringBuilder text, Results results, IReadOnlyList<Server> servers)
    {
        text.AppendLine("| server | KB for each idle subscriber | wrong |");
        text.AppendLine("|---|---:|---|");
        foreach (var workload in Workload.All.Where(workload => workload.Measure == Measure.IdleMemory))
        {
            foreach (var server in servers)
            {
                if (results.Of(workload, server) is { Count: > 0 } rounds)
                {
                    text.AppendLine($"| {server.Title} | {new Spread(rounds.Select(workload.Value)).Cell("0.0")} | {Faults(rounds)} |");
                }
            }
        }

        text.AppendLine();
    }

    private static string Faults(IReadOnlyList<LoadResult> rounds) =>
        string.Join("; ", rounds.Where(result => result.Fault is not null).Select(result => $"**{result.Fault}**"));
}
