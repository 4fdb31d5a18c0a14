using System.ComponentModel;

namespace ChannelsNet.Support;

/// <summary>redis-server with arguments and a temporary folder of its own, which both outlive its process.</summary>
internal sealed class RedisProcess : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly string[] _arguments;
    private readonly string _ready;
    private ServerProcess? _process;

    private RedisProcess(DirectoryInfo folder, string[] arguments, string ready)
    {
        _folder = folder;
        _arguments = arguments;
        _ready = ready;
    }

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>What it has written since it was last started.</summary>
    public string Output => _process?.Output ?? "";

    /// <param name="arguments">Those of its command line, from its folder.</param>
    /// <param name="ready">What it writes when it is ready.</param>
    /// <exception cref="ProgramMissingException">There is no redis-server, and none is required.</exception>
    public static async Task<RedisProcess> StartAsync(Func<string, string[]> arguments, string ready = "Ready to accept connections")
    {
        var folder = Directory.CreateTempSubdirectory("channelsnet-");
        try
        {
            var process = new RedisProcess(folder, arguments(folder.FullName), ready);
            await process.StartAsync();
            return process;
        }
        catch (Exception fault)
        {
            folder.Delete(recursive: true);
            if (fault is Win32Exception && Environment.GetEnvironmentVariable("CHANNELSNET_REQUIRE_REDIS") != "1")
            {
                throw new ProgramMissingException("redis-server", "redis-server", fault);
            }

            throw;
        }
    }

    public async Task StartAsync()
    {
        if (IsRunning)
        {
            throw new InvalidOperationException("It runs already: stop or kill it first.");
        }

        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _process = await ServerProcess.StartAsync("redis-server", _arguments, _ready);
    }

    public Task StopAsync() => _process!.StopAsync();

    public Task KillAsync() => _process!.KillAsync();

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }
}
