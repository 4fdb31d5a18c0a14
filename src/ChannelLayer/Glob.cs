using System.Text.RegularExpressions;

namespace ChannelsNet;

/// <summary>Patterns of names: '*' is any run of characters, '?' any one; the whole name must match, as with Python's fnmatch.</summary>
internal static class Glob
{
    public static Regex Create(string glob) => new(
        $@"\A{Regex.Escape(glob).Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal)}\z",
        RegexOptions.CultureInvariant | RegexOptions.Singleline);
}
