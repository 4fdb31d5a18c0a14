using System.Globalization;
using System.Runtime.InteropServices;

namespace ChannelsNet.Accepting;

/// <summary>
/// The number of file descriptors that the operating system lets this process open (RLIMIT_NOFILE). Known on 64-bit Linux only; elsewhere, every method
/// does nothing and returns null.
/// </summary>
internal static partial class FileDescriptorLimit
{
    /// <summary>RLIMIT_NOFILE on every architecture that .NET runs on.</summary>
    private const int NumberOfFiles = 7;

    /// <summary>EMFILE.</summary>
    private const int ProcessLimit = 24;

    /// <summary>ENFILE.</summary>
    private const int SystemLimit = 23;

    /// <summary>Whether the limit can be read. On 32-bit Linux the layout of the limits depends on the C library.</summary>
    public static bool IsKnown => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>Gets the soft limit, which is the one that applies.</summary>
    public static int? Read() => IsKnown && GetLimit(NumberOfFiles, out var limits) == 0 ? ToNumber(limits.Soft) : null;

    /// <summary>
    /// Raises the soft limit to the hard limit. CoreCLR does so itself when it starts, except on Alpine Linux (musl). The request can fail, for example in a
    /// sandbox; then the soft limit stays.
    /// </summary>
    public static void Raise()
    {
        if (IsKnown && GetLimit(NumberOfFiles, out var limits) == 0 && limits.Soft < limits.Hard)
        {
            limits.Soft = limits.Hard;
            _ = SetLimit(NumberOfFiles, in limits);
        }
    }

    /// <summary>Tries to open a descriptor and returns true if the limit of the process (EMFILE) or of the system (ENFILE) does not allow it.</summary>
    public static bool IsReached()
    {
        try
        {
            File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite).Dispose();
            return false;
        }
        catch (IOException fault) when (fault.HResult is ProcessLimit or SystemLimit)
        {
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
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

    [StructLayout(LayoutKind.Sequential)]
    private struct Limits
    {
        public ulong Soft;
        public ulong Hard;
    }
}
