using Testcontainers.Redis;

namespace ChannelsNet.Support;

/// <summary>
/// A Redis for one test class, the first of these that works: the address in CHANNELSNET_TEST_REDIS; redis-server on the PATH; Docker;
/// a server with Redis's protocol from NuGet. With CHANNELSNET_REQUIRE_REDIS=1, as in CI, the last does not count.
/// </summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly IAsyncDisposable? _owned;

    private RedisServer(string address, string kind, IAsyncDisposable? owned)
    {
        Address = address;
        Kind = kind;
        _owned = owned;
    }

    /// <summary>host:port.</summary>
    public string Address { get; }

    /// <summary>Which it is, and why not one before it.</summary>
    public string Kind { get; }

    public static async Task<RedisServer> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("CHANNELSNET_TEST_REDIS") is { Length: > 0 } address)
        {
            return new RedisServer(address, "CHANNELSNET_TEST_REDIS", owned: null);
        }

        var why = new List<string> { "CHANNELSNET_TEST_REDIS is not set" };
        foreach (var (kind, start) in ((string, Func<Task<RedisServer>>)[])
            [("redis-server", StartProcessAsync), ("Docker", StartContainerAsync), ("a server from NuGet", StartEmbeddedAsync)])
        {
            if (kind == "a server from NuGet" && Environment.GetEnvironmentVariable("CHANNELSNET_REQUIRE_REDIS") == "1")
            {
                break;
            }

            try
            {
                return await start();
            }
            catch (Exception fault)
            {
                why.Add($"{kind}: {fault.Message}");
            }
        }

        throw new InvalidOperationException($"No Redis for the tests: {string.Join("; ", why)}.");
    }

    public async ValueTask DisposeAsync()
    {
        if (_owned is not null)
        {
            await _owned.DisposeAsync();
        }
    }

    private static Task<RedisServer> StartProcessAsync() => StartAsync("redis-server", "redis-server", port =>
        ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", Path.GetTempPath()]);

    private static Task<RedisServer> StartEmbeddedAsync() =>
        StartAsync("Garnet, from NuGet", "dotnet", port => [Built.PathOf("RespServer"), $"{port}"]);

    private static async Task<RedisServer> StartContainerAsync()
    {
        var container = new RedisBuilder("redis:7-alpine").Build();
        await container.StartAsync();
        return new RedisServer(container.GetConnectionString(), "redis:7-alpine in Docker", container);
    }

    /// <summary>Tries again if another process took the port in the meantime.</summary>
    private static async Task<RedisServer> StartAsync(string kind, string program, Func<int, string[]> arguments)
    {
        for (var tries = 1; ; tries++)
        {
            var port = Ports.Free();
            try
            {
                var process = await ServerProcess.StartAsync(program, arguments(port), "Ready to accept connections");
                return new RedisServer($"127.0.0.1:{port}", kind, process);
            }
            catch (InvalidOperationException) when (tries < 3)
            {
            }
        }
    }
}
