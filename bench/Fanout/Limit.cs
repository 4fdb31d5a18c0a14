using System.ComponentModel;

namespace ChannelsNet.Bench.Fanout;

/// <summary>The server in C++.</summary>
internal static class Limit
{
    public static string Program { get; } = $"{Paths.Bench}/Limit/bin/limit";

    /// <summary>The compiler's, when there is one.</summary>
    public static string[] Versions { get; private set; } = [];

    /// <summary>Compiles it. False: there is no compiler.</summary>
    public static async Task<bool> CompileAsync()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Program)!);
        try
        {
            Versions = [$"g++ {await Programs.RunAsync("g++", "-dumpfullversion")} -O2"];
        }
        catch (Win32Exception)
        {
            return false;
        }

        await Programs.RunAsync("g++", "-O2", "-std=c++20", "-o", Program, $"{Paths.Bench}/Limit/limit.cpp");
        return true;
    }
}
