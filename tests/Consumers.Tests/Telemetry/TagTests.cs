using System.Diagnostics;
using ChannelsNet.Workers;

namespace ChannelsNet.Telemetry;

/// <summary>A new value of an enumeration must not count as an old one.</summary>
public sealed class TagTests
{
    [Fact]
    public void Each_reason_of_a_rejection_has_a_tag_of_its_own() => AssertDistinct<RefusalReason>(RefusedClients.TagOf);

    [Fact]
    public void Each_policy_for_slow_clients_has_a_tag_of_its_own() => AssertDistinct<WhenFull>(SlowClients.TagOf);

    [Fact]
    public void Each_outcome_of_a_worker_has_a_tag_of_its_own() => AssertDistinct<WorkerOutcome>(WorkerMeter.TagOf);

    private static void AssertDistinct<TValue>(Func<TValue, string> tagOf)
        where TValue : struct, Enum
    {
        var values = Enum.GetValues<TValue>();
        Assert.Equal(values.Length, values.Select(tagOf).Distinct().Count());
        Assert.Throws<UnreachableException>(() => tagOf((TValue)Enum.ToObject(typeof(TValue), values.Length)));
    }
}
