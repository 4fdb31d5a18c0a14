namespace ChannelsNet.Bench.Fanout;

/// <summary>Where the other programs of bench/ were built: beside this one, in the same configuration.</summary>
internal static class Paths
{
    // bench/Fanout/bin/Release/net10.0/
    private static readonly string[] _here = AppContext.BaseDirectory.TrimEnd('/').Split('/');

    public static string Bench { get; } = string.Join('/', _here[..^4]);

    public static string Program(string project)
    {
        var program = $"{Bench}/{project}/{string.Join('/', _here[^3..])}/ChannelsNet.Bench.{project}";
        return File.Exists(program) ? program : throw new FileNotFoundException($"{program} is missing; expected it built, as bench/run does.");
    }
}
