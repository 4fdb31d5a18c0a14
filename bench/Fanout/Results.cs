namespace ChannelsNet.Bench.Fanout;

/// <summary>What was measured in each round.</summary>
internal sealed class Results
{
    private readonly Dictionary<(Workload Workload, Server Server), List<LoadResult>> _results = [];

    public void Add(Workload workload, Server server, LoadResult result)
    {
        if (!_results.TryGetValue((workload, server), out var results))
        {
            _results.Add((workload, server), results = []);
        }

        results.Add(result);
    }

    public IReadOnlyList<LoadResult> Of(Workload workload, Server server) => _results.GetValueOrDefault((workload, server), []);

    /// <summary>Ours divided by a peer's, round by round: what else ran on the machine then slowed both.</summary>
    public Spread? Ratio(Workload workload, Server peer, Func<LoadResult, double> value)
    {
        var (ours, theirs) = (Of(workload, Server.Channels), Of(workload, peer));
        return ours.Count == 0 || theirs.Count == 0 ? null : new(ours.Zip(theirs, (our, their) => value(our) / value(their)));
    }
}
