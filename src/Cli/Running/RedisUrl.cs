using System.Text.RegularExpressions;

namespace ChannelsNet.Running;

/// <summary>The address of a Redis server as it may be shown.</summary>
internal static partial class RedisUrl
{
    /// <summary>Leaves out user and password, and the settings after the host of StackExchange.Redis's own form.</summary>
    public static string WithoutSecrets(string address) => Secrets().Replace(address, "");

    [GeneratedRegex("(?<=://)[^/]*@|(?<!://.*),.*")]
    private static partial Regex Secrets();
}
