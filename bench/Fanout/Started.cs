using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ChannelsNet.Bench.Fanout;

/// <summary>
/// The processes that run at a time, each pinned to a core. All are killed at the end, also at that of a run that failed or was
/// interrupted; servers end by themselves too when their standard input closes.
/// </summary>
internal sealed class Started : IDisposable
{
    /// <summary>The core of the servers, and of Redis between them.</summary>
    public const string ServerCore = "0";

    /// <summary>The load generator's.</summary>
    public const string LoadCore = "1";

    private readonly List<Process> _processes = [];
    private readonly PosixSignalRegistration[] _signals;

    public Started() =>
        _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, _ =>
        {
            KillAll();
            Environment.Exit(1);
        }))];

    public Process Start(string core, string[] command)
    {
        lock (_processes)
        {
            // taskset becomes the program: the process is the same.
            var process = Programs.Start("taskset", ["-c", core, .. command]);
            _processes.Add(process);
            return process;
        }
    }

    public void KillAll()
    {
        lock (_processes)
        {
            // The latest first: a server whose Redis went before it would complain.
            foreach (var process in Enumerable.Reverse(_processes))
            {
                process.Kill();
                process.WaitForExit();
                process.Dispose();
            }

            _processes.Clear();
        }
    }

    public void Dispose()
    {
        KillAll();
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }
    }
}
