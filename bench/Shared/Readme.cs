using System.Reflection;
using System.Runtime.InteropServices;

namespace ChannelsNet.Bench;

/// <summary>The tables of bench/README.md, each between two markers.</summary>
public static class Readme
{
    private static readonly string _path = typeof(Readme).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(data => data.Key == "Readme").Value!;

    public static string Met(bool met) => met ? "met" : "**missed**";

    /// <summary>Prints a table and puts it in its place.</summary>
    public static void Write(string name, string command, string[] versions, string table)
    {
        var text = $"""
            {DateTime.UtcNow:yyyy-MM-dd}, `{command}`

            {Processor()}, {Environment.ProcessorCount} cores; {string.Join("; ", [RuntimeInformation.FrameworkDescription, .. versions])}; workstation GC.

            {table.ReplaceLineEndings("\n").TrimEnd()}
            """.ReplaceLineEndings("\n");
        Console.WriteLine(text);

        var (start, end) = ($"<!-- {name} -->\n", $"\n<!-- end of {name} -->");
        var readme = File.ReadAllText(_path);
        var from = readme.IndexOf(start, StringComparison.Ordinal) + start.Length;
        var to = readme.IndexOf(end, StringComparison.Ordinal);
        File.WriteAllText(_path, $"{readme[..from]}{text}{readme[to..]}");
    }

    private static string Processor()
    {
        const string Key = "model name";
        var line = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 2)..] ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
