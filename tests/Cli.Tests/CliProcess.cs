using System.Diagnostics;
using System.Reflection;
using System.Text;

namespace ChannelsNet;

/// <summary>
/// The tool as a script runs it. Not a <see cref="Support.ServerProcess"/>: here it matters what comes from which stream, and the exit code.
/// </summary>
internal sealed class CliProcess : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private CliProcess(Process process) => _process = process;

    public static CliProcess Start(params string[] args)
    {
        var program = typeof(CliProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "Cli").Value!;
        string[] command = [.. IgnoresInterrupt() ? (string[])["env", "--default-signal=INT"] : [], "dotnet", program, .. args];
        return new(Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        })!);
    }

    /// <summary>Runs it from its start to its end.</summary>
    public static async Task<Ended> RunAsync(string[] args, string input = "")
    {
        await using var process = Start(args);
        await process._process.StandardInput.WriteAsync(input);
        process._process.StandardInput.Close();
        return await process.EndAsync();
    }

    /// <summary>Starts it to listen, and waits until it does.</summary>
    public static async Task<CliProcess> ListenAsync(params string[] args)
    {
        var process = Start(["listen", .. args]);
        var line = await process._process.StandardError.ReadLineAsync().WaitAsync(_patience);
        if (line != "ready")
        {
            await process.DisposeAsync();
            throw new InvalidOperationException($"It wrote \"{line}\", not \"ready\".");
        }

        return process;
    }

    public Task<string?> ReadLineAsync() => _process.StandardOutput.ReadLineAsync().WaitAsync(_patience);

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for its end, with what it has written since it was read last.</summary>
    public async Task<Ended> EndAsync()
    {
        var output = _process.StandardOutput.ReadToEndAsync();
        var error = _process.StandardError.ReadToEndAsync();
        await _process.WaitForExitAsync().WaitAsync(_patience);
        return new Ended(_process.ExitCode, await output, await error);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    /// <summary>A shell lets what it runs in the background ignore SIGINT, and these tests may be that; the tool would inherit it.</summary>
    private static bool IgnoresInterrupt() => OperatingSystem.IsLinux()
        && File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is var ignored
        && (Convert.ToUInt64(ignored[7..].Trim(), 16) & 2) != 0;

    internal sealed record Ended(int Code, string Output, string Error);
}
