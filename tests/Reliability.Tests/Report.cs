using System.Globalization;

namespace ChannelsNet;

/// <summary>What was counted, as rows of the table in <c>docs/reliability.md</c>; written to the file that the environment names, if it names one.</summary>
internal static class Report
{
    private static readonly Lock _lock = new();

    public static void Add(string fault, string what, FormattableString counted)
    {
        var text = counted.ToString(CultureInfo.InvariantCulture);
        Console.WriteLine($"{fault}: {what}: {text}");
        if (Environment.GetEnvironmentVariable("CHANNELSNET_RELIABILITY_REPORT") is { Length: > 0 } file)
        {
            lock (_lock)
            {
                File.AppendAllText(file, $"| {fault} | {what} | {text} |{Environment.NewLine}");
            }
        }
    }
}
