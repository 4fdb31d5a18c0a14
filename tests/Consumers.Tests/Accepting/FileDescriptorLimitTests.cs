using System.Diagnostics;
using System.Globalization;

namespace ChannelsNet.Accepting;

[Collection(nameof(FileDescriptorLimit))]
public sealed class FileDescriptorLimitTests
{
    [Fact]
    public void The_limit_is_what_the_kernel_says_and_can_be_raised_again_to_the_hard_limit()
    {
        var limit = FileDescriptorLimit.Read();
        Assert.Equal(LimitInProc(), limit);

        // What a child process inherits on Alpine Linux, where .NET does not raise the soft limit.
        using (var prlimit = Process.Start("prlimit", ["--pid", $"{Environment.ProcessId}", $"--nofile={limit - 1}:"]))
        {
            prlimit.WaitForExit();
        }

        Assert.Equal(limit - 1, FileDescriptorLimit.Read());
        FileDescriptorLimit.Raise();
        Assert.Equal(limit, FileDescriptorLimit.Read());
        FileDescriptorLimit.Raise();
        Assert.Equal(limit, FileDescriptorLimit.Read());
    }

    [Fact]
    public void Open_descriptors_are_counted_below_a_number()
    {
        using var file = File.OpenHandle("/dev/null");
        var number = (int)file.DangerousGetHandle();
        Assert.InRange(FileDescriptorLimit.CountBelow(number + 1), 4, number + 1);
        Assert.Equal(0, FileDescriptorLimit.CountBelow(0));
        Assert.False(FileDescriptorLimit.IsReached());
    }

    private static int LimitInProc()
    {
        var line = File.ReadLines("/proc/self/limits").Single(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], CultureInfo.InvariantCulture);
    }
}
