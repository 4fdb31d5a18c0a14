using System.Collections.Concurrent;
using System.Diagnostics;

namespace ChannelsNet.Support;

/// <summary>A server of its own process, running from when it has said that it is ready until it is disposed.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(Process process, string ready)
    {
        _process = process;
        DataReceivedEventHandler read = (_, line) =>
        {
            if (line.Data is not null)
            {
                _output.Enqueue(line.Data);
                if (line.Data.Contains(ready, StringComparison.Ordinal))
                {
                    _ready.TrySetResult();
                }
            }
        };
        process.OutputDataReceived += read;
        process.ErrorDataReceived += read;
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => _ready.TrySetException(new InvalidOperationException("It ended before it was ready."));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it has written so far.</summary>
    public string Output => string.Join(Environment.NewLine, _output);

    public static async Task<ServerProcess> StartAsync(
        string program, string[] arguments, string ready, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var server = new ServerProcess(new Process { StartInfo = start }, ready);
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        try
        {
            await server._ready.Task.WaitAsync(_patience);
            return server;
        }
        catch (Exception fault) when (fault is InvalidOperationException or TimeoutException)
        {
            await server.DisposeAsync();
            throw new InvalidOperationException($"{program} did not get ready: {fault.Message} It wrote:{Environment.NewLine}{server.Output}", fault);
        }
    }

    /// <summary>Ends it at once, as a crash would (SIGKILL).</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
    }

    /// <summary>Asks it to end (SIGTERM), and waits until it has.</summary>
    public async Task StopAsync()
    {
        if (_process.HasExited)
        {
            return;
        }

        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        await _process.WaitForExitAsync().WaitAsync(_patience);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }
}
