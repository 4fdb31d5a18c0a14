using System.Text.RegularExpressions;

namespace ChannelsNet.Security.Groups;

/// <summary>A policy that admits to the groups of a pattern.</summary>
internal sealed class GroupPolicy(string groups, string policy)
{
    private readonly Regex _groups = Glob.Create(groups);

    /// <summary>The pattern, with '*' for any run of characters and '?' for any one.</summary>
    public string Groups { get; } = groups;

    /// <summary>The name of the policy among those of ASP.NET Core's authorization.</summary>
    public string Policy { get; } = policy;

    public bool Covers(string group) => _groups.IsMatch(group);
}
