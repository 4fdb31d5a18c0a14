using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ChannelsNet.Support;

namespace ChannelsNet.Python;

/// <summary>A Python process with channels_redis in it, which does what it is told (peer.py).</summary>
public sealed class PythonPeer : IAsyncDisposable
{
    private const string Program = "/usr/bin/python3";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<JsonElement>> _asked = new();
    private readonly SemaphoreSlim _writing = new(1);
    private readonly ConcurrentQueue<string> _errors = new();
    private Task _reading = Task.CompletedTask;
    private long _calls;

    private PythonPeer(Process process) => _process = process;

    /// <summary>The version of channels_redis.</summary>
    public string Version { get; private set; } = "";

    /// <summary>What it has written on its standard error: faults of the layers' background tasks.</summary>
    public string Errors => string.Join(Environment.NewLine, _errors);

    /// <exception cref="ProgramMissingException">There is no channels_redis, and CHANNELSNET_REQUIRE_PYTHON is not 1.</exception>
    public static async Task<PythonPeer> StartAsync()
    {
        var start = new ProcessStartInfo(Program, [Path.Combine(AppContext.BaseDirectory, "Python", "peer.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        var peer = new PythonPeer(new Process { StartInfo = start });
        try
        {
            await peer.StartReadingAsync();
            return peer;
        }
        catch (Exception fault) when (fault is Win32Exception or EndOfStreamException)
        {
            await peer.DisposeAsync();
            if (Environment.GetEnvironmentVariable("CHANNELSNET_REQUIRE_PYTHON") == "1")
            {
                throw;
            }

            throw new ProgramMissingException("channels_redis for /usr/bin/python3", "python3-channels-redis", fault);
        }
    }

    /// <summary>A layer of its own, as of a process of its own.</summary>
    public async Task<PythonLayer> NewLayerAsync(PythonLayerOptions options)
    {
        var number = await CallAsync("new_layer", null, new()
        {
            ["backend"] = options.Backend,
            ["hosts"] = options.Hosts.Select(host => $"redis://{host}").ToArray(),
            ["prefix"] = options.Prefix,
            ["symmetric_encryption_keys"] = options.EncryptionKeys,
            ["capacity"] = options.Capacity,
            ["expiry"] = options.Expiry,
            ["group_expiry"] = options.GroupExpiry,
        });
        return new PythonLayer(this, number.GetInt32());
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_process.HasExited)
            {
                _process.Kill();
            }

            await _reading;
        }
        catch (InvalidOperationException)
        {
            // It never started.
        }

        _process.Dispose();
        _writing.Dispose();
    }

    /// <exception cref="PythonException">Python raised it.</exception>
    internal async Task<JsonElement> CallAsync(string call, int? layer, Dictionary<string, object?> arguments)
    {
        var id = Interlocked.Increment(ref _calls);
        var line = PythonValues.ToJson(new Dictionary<string, object?>(arguments) { ["id"] = id, ["call"] = call, ["layer"] = (long?)layer });
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[id] = answer;
        await _writing.WaitAsync();
        try
        {
            if (_reading.IsCompleted)
            {
                throw Gone();
            }

            await _process.StandardInput.WriteLineAsync(line);
            await _process.StandardInput.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }

        return await answer.Task.WaitAsync(_patience);
    }

    private async Task StartReadingAsync()
    {
        _process.ErrorDataReceived += (_, line) => _errors.Enqueue(line.Data ?? "");
        _process.Start();
        _process.BeginErrorReadLine();
        if (await _process.StandardOutput.ReadLineAsync().WaitAsync(_patience) is not { } ready)
        {
            await _process.WaitForExitAsync();
            throw Gone();
        }

        Version = JsonDocument.Parse(ready).RootElement.GetProperty("ready").GetString()!;
        _reading = ReadAsync();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var answer = JsonDocument.Parse(line).RootElement;
            _asked.TryRemove(answer.GetProperty("id").GetInt64(), out var asked);
            if (answer.TryGetProperty("error", out var error))
            {
                asked!.SetException(new PythonException(error.GetString()!, answer.GetProperty("message").GetString()!));
            }
            else
            {
                asked!.SetResult(answer.GetProperty("result"));
            }
        }

        foreach (var asked in _asked.Values)
        {
            asked.TrySetException(Gone());
        }
    }

    private EndOfStreamException Gone() => new(string.Create(CultureInfo.InvariantCulture, $"{Program} has ended. It wrote: {Errors}"));
}
