namespace ChannelsNet.Bench.Fanout;

/// <summary>What the ratios are made of.</summary>
internal enum Measure
{
    Rate,
    P99,
    IdleMemory,
}

/// <summary>What servers a workload runs on.</summary>
internal enum Setting
{
    /// <summary>The one of the round, which has had traffic.</summary>
    Warm,

    /// <summary>One that has done nothing.</summary>
    Fresh,

    /// <summary>Two with a Redis between them, which have had traffic.</summary>
    TwoNodes,
}

/// <summary>One kind of work, and what is asked of ChannelsNet.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Title">Its name in the tables.</param>
/// <param name="Job">What the load generator does, but for where and how long.</param>
/// <param name="SignalRTarget">Our measure, divided by SignalR's: at least this, or at most where less is better.</param>
/// <param name="LimitTarget">The same by the limit's; null: none.</param>
internal sealed record Workload(string Name, string Title, LoadJob Job, double SignalRTarget, double? LimitTarget)
{
    public Measure Measure { get; init; } = Measure.Rate;

    public Setting Setting { get; init; } = Setting.Warm;

    /// <summary>Whether it is taken only when it is named: it compares with another workload, not with another server.</summary>
    public bool IsOnRequest { get; init; }

    public static IReadOnlyList<Workload> All { get; } =
    [
        new("w1", "64 B to 1,000 subscribers, 1 in flight", Broadcast(1000, 64, 1), 2.2, 0.75),
        new("w16", "64 B to 1,000 subscribers, 16 in flight", Broadcast(1000, 64, 16), 2.2, 0.75),
        new("1k", "1 KiB to 1,000 subscribers, 16 in flight", Broadcast(1000, 1024, 16), 2.5, 0.75),
        new("stalled", "the same, and one more subscriber that never reads", Broadcast(1000, 1024, 16) with { Stalled = 1 }, 2.5, 0.75) { IsOnRequest = true },
        new("clock", "64 B to 5,000 subscribers, 10 a second", Broadcast(5000, 64, 1) with { PerSecond = 10 }, 0.2, 2) { Measure = Measure.P99 },
        new("echo", "echo of 64 B, 200 clients with 1 in flight", Blank with { Work = "echo", Clients = 200, WarmUp = 2 }, 3, 0.6),
        new("connects", "connections, 50 handshakes under way", Blank with { Work = "connects", Clients = 50, WarmUp = 2 }, 2, null),
        new("idle", "5,000 idle subscribers", Blank with { Work = "idle", Clients = 5000 }, 0.5, null) { Measure = Measure.IdleMemory, Setting = Setting.Fresh },
        new("nodes", "64 B over 2 nodes and Redis, 500 subscribers each, 16 in flight", Broadcast(1000, 64, 16), 4, 0.6) { Setting = Setting.TwoNodes },
    ];

    /// <summary>What servers get first, so that it is compiled code that is measured.</summary>
    public static LoadJob WarmUp { get; } = Broadcast(1000, 64, 16) with { Seconds = 3 };

    /// <summary>Whether more is better.</summary>
    public bool IsRate => Measure == Measure.Rate;

    private static LoadJob Blank => new() { Work = "", Protocol = "", Ports = [], Processes = [], Clients = 0 };

    public double Value(LoadResult result) => Measure switch
    {
        Measure.Rate => result.Rate,
        Measure.P99 => result.P99,
        _ => result.IdleKilobytes,
    };

    private static LoadJob Broadcast(int subscribers, int size, int inFlight) =>
        Blank with { Work = "broadcast", Clients = subscribers, Size = size, InFlight = inFlight };
}
