using System.Globalization;

namespace ChannelsNet.Bench.Load;

/// <summary>What Linux says of processes.</summary>
internal static class Processes
{
    // The unit of /proc/PID/stat, on all machines that matter.
    private const double TicksPerSecond = 100;

    /// <summary>Seconds of processor time that they have taken so far, in user and kernel mode.</summary>
    public static double Seconds(int[] processes)
    {
        var ticks = 0L;
        foreach (var process in processes)
        {
            // The second field is a name in parentheses and may hold anything.
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            ticks += long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        }

        return ticks / TicksPerSecond;
    }

    /// <summary>KB of memory that servers of these ports and processes hold when all that is not in use has been given back.</summary>
    public static long Collected(int[] ports, int[] processes)
    {
        // The server may still be busy with what has come or gone.
        Thread.Sleep(1000);
        using var http = new HttpClient();
        foreach (var port in ports)
        {
            http.GetAsync(new Uri($"http://127.0.0.1:{port}/gc")).GetAwaiter().GetResult().EnsureSuccessStatusCode();
        }

        Thread.Sleep(200);
        return Kilobytes(processes);
    }

    /// <summary>KB of memory that they hold, what they share counted in parts.</summary>
    public static long Kilobytes(int[] processes) => processes.Sum(process =>
        long.Parse(File.ReadLines($"/proc/{process}/smaps_rollup").First(line => line.StartsWith("Pss:", StringComparison.Ordinal))[4..^2].Trim(), CultureInfo.InvariantCulture));
}
