using StackExchange.Redis;

namespace ChannelsNet.Redis;

/// <summary>What Redis answers that it will not answer for ever.</summary>
internal static class RedisFaults
{
    /// <summary>The first words of such answers: no memory left, just started, no primary, a Cluster that is not whole.</summary>
    private static readonly string[] _passing = ["OOM", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "READONLY", "MISCONF", "NOREPLICAS", "BUSY"];

    /// <summary>Whether the command was not carried out and may be later, as if the server could not be reached.</summary>
    public static bool IsPassing(Exception fault) => fault is RedisServerException
        && _passing.Any(word => fault.Message.StartsWith(word + " ", StringComparison.Ordinal));
}
