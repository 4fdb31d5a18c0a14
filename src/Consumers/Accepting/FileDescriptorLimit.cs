using System.Globalization;
using System.Runtime.InteropServices;

namespace ChannelsNet.Accepting;

/// <summary>
/// The number of file descriptors that the operating system lets this process open (RLIMIT_NOFILE). Known on 64-bit Linux only; elsewhere,
/// every method does nothing, and the limit is null.
/// </summary>
internal static partial class FileDescriptorLimit
{
    /// <summary>RLIMIT_NOFILE on every architecture that .NET runs on.</summary>
    private const int NumberOfFiles = 7;

    /// <summary>EMFILE.</summary>
    private const int ProcessLimitReached = 24;

    /// <summary>ENFILE.</summary>
    private const int SystemLimitReached = 23;

    /// <summary>EFD_CLOEXEC.</summary>
    private const int CloseOnExec = 0x80000;

    /// <summary>Whether the limit can be read. On 32-bit Linux the layout of the limits depends on the C library.</summary>
    public static bool IsKnown => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>Gets the soft limit, which is the one that applies.</summary>
    public static int? Read() => IsKnown && GetLimit(NumberOfFiles, out var limits) == 0 ? ToNumber(limits.Soft) : null;

    /// <summary>
    /// Raises the soft limit to the hard limit. CoreCLR does so itself when it starts, except on Alpine Linux (musl). The request can fail,
    /// for example in a sandbox; then the soft limit stays.
    /// </summary>
    public static void Raise()
    {
        if (IsKnown && GetLimit(NumberOfFiles, out var limits) == 0 && limits.Soft < limits.Hard)
        {
            limits.Soft = limits.Hard;
            _ = SetLimit(NumberOfFiles, in limits);
        }
    }

    /// <summary>
    /// Tries to open a descriptor and returns true if the limit of the process or of the system does not allow it. Opens no file, because
    /// .NET may need an assembly for that, which cannot be loaded at the limit.
    /// </summary>
    public static bool IsReached()
    {
        if (!IsKnown)
        {
            return false;
        }

        var descriptor = OpenEvent(0, CloseOnExec);
        if (descriptor < 0)
        {
            return Marshal.GetLastPInvokeError() is ProcessLimitReached or SystemLimitReached;
        }

        _ = Close(descriptor);
        return false;
    }

    /// <summary>Counts the descriptors with a number less than the given one that are open now.</summary>
    public static int CountBelow(int number) => Directory.EnumerateFileSystemEntries("/proc/self/fd")
        .Count(path => int.Parse(Path.GetFileName(path.AsSpan()), CultureInfo.InvariantCulture) < number);

    /// <summary>"Unlimited" is the largest value of the unsigned type.</summary>
    private static int ToNumber(ulong limit) => (int)Math.Min(limit, int.MaxValue);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limits limits);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in Limits limits);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int OpenEvent(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limits
    {
        public ulong Soft;
        public ulong Hard;
    }
}
