[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace ChannelsNet;

/// <summary>
/// How large the tests of this project are. <c>bench/reliability</c> runs them in full; <c>dotnet test</c> makes the same faults with fewer clients and in
/// less time.
/// </summary>
internal static class Size
{
    public static bool IsFull => Environment.GetEnvironmentVariable("CHANNELSNET_RELIABILITY") == "full";

    /// <summary>One of two values.</summary>
    public static T Of<T>(T full, T small) => IsFull ? full : small;
}
