using System.Text.RegularExpressions;

namespace ChannelsNet;

/// <summary>How many unread messages a channel may hold: the first pattern that its name matches, else the capacity of all.</summary>
internal sealed class Capacities
{
    private readonly int _capacity;
    private readonly (Regex Pattern, int Capacity)[] _patterns;

    public Capacities(ChannelLayerOptions options)
    {
        _capacity = options.Capacity;
        _patterns = [.. options.ChannelCapacity.Select(entry => (Glob.Create(entry.Key), entry.Value))];
    }

    public int Of(string channel)
    {
        foreach (var (pattern, capacity) in _patterns)
        {
            if (pattern.IsMatch(channel))
            {
                return capacity;
            }
        }

        return _capacity;
    }
}
