using System.Reflection;

namespace ChannelsNet.Support;

/// <summary>The programs that the tests start, built together with them.</summary>
internal static class Built
{
    public static string PathOf(string program) => typeof(Built).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(data => data.Key == program).Value!;
}
