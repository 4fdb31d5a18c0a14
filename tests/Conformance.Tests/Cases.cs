using System.Collections;

namespace ChannelsNet.Conformance;

/// <summary>The cases of a family by their numbers.</summary>
internal sealed class Cases : IEnumerable<Case>
{
    private readonly Dictionary<string, Case> _all = [];

    public TheoryData<string> Ids => [.. _all.Keys];

    public Case this[string id] => _all[id];

    public void Add(Case @case) => _all.Add(@case.Id, @case);

    public IEnumerator<Case> GetEnumerator() => _all.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
