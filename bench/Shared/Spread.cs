namespace ChannelsNet.Bench;

/// <summary>What several rounds gave: the median, and how far they lay apart.</summary>
public sealed class Spread(IEnumerable<double> values)
{
    private readonly double[] _sorted = [.. values.Order()];

    public double Median => (_sorted[(_sorted.Length - 1) / 2] + _sorted[_sorted.Length / 2]) / 2;

    /// <summary>"median (min to max)"; of one round there is only the one.</summary>
    public string Cell(string format) => _sorted.Length == 1
        ? Text(_sorted[0], format)
        : $"{Text(Median, format)} ({Text(_sorted[0], format)} to {Text(_sorted[^1], format)})";

    private static string Text(double value, string format) => value.ToString(format, System.Globalization.CultureInfo.InvariantCulture);
}
