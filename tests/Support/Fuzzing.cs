using System.Globalization;

namespace ChannelsNet.Support;

/// <summary>
/// How many random cases a fuzz test makes: as many as are soon done, times CHANNELSNET_FUZZ if that is set. A case that fails is shrunk, and told with a seed;
/// with that in CsCheck_Seed the same comes first in the next run. What has found something once stays as a case of its own beside the test.
/// </summary>
public static class Fuzzing
{
    private static readonly long _times = long.Parse(
        Environment.GetEnvironmentVariable("CHANNELSNET_FUZZ") is { Length: > 0 } times ? times : "1", CultureInfo.InvariantCulture);

    public static long Cases(int usual) => usual * _times;
}
