using System.Globalization;
using Testcontainers.Redis;

namespace ChannelsNet.Support;

/// <summary>
/// A Redis for one test class, the first of these that works: the address in CHANNELSNET_TEST_REDIS; redis-server on the PATH; Docker;
/// a server with Redis's protocol from NuGet. With CHANNELSNET_REQUIRE_REDIS=1, as in CI, the last does not count.
/// </summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly IAsyncDisposable? _owned;

    private RedisServer(string address, string kind, IAsyncDisposable? owned, TestCertificate? certificate = null)
    {
        Address = address;
        Kind = kind;
        Certificate = certificate;
        _owned = owned;
    }

    /// <summary>host:port.</summary>
    public string Address { get; }

    /// <summary>Which it is, and why not one before it.</summary>
    public string Kind { get; }

    /// <summary>What it proves with who it is, if it speaks TLS.</summary>
    public TestCertificate? Certificate { get; }

    internal bool IsRunning => Process.IsRunning;

    public int Port => int.Parse(Address.AsSpan(Address.LastIndexOf(':') + 1), CultureInfo.InvariantCulture);

    private RedisProcess Process => _owned as RedisProcess ?? throw new InvalidOperationException(
        $"This Redis is {Kind}, which a test can't stop and start. Start it with {nameof(RedisServer)}.{nameof(StartProcessAsync)}.");

    public static async Task<RedisServer> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("CHANNELSNET_TEST_REDIS") is { Length: > 0 } address)
        {
            return new RedisServer(address, "CHANNELSNET_TEST_REDIS", owned: null);
        }

        var why = new List<string> { "CHANNELSNET_TEST_REDIS is not set" };
        foreach (var (kind, start) in ((string, Func<Task<RedisServer>>)[])
            [("redis-server", () => StartProcessAsync()), ("Docker", StartContainerAsync), ("a server from NuGet", StartEmbeddedAsync)])
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

    /// <summary>Starts redis-server, which can then be stopped, killed and started again. It keeps nothing unless its arguments say so.</summary>
    /// <param name="port">The port, or null for a free one.</param>
    /// <param name="password">What its clients must say first.</param>
    /// <param name="certificate">If given, it speaks TLS and nothing else. The caller disposes it.</param>
    /// <param name="arguments">What else stands on its command line, such as "--appendonly", "yes"; the last of two equal ones counts.</param>
    /// <exception cref="ProgramMissingException">There is no redis-server, and none is required.</exception>
    public static async Task<RedisServer> StartProcessAsync(
        int? port = null, string? password = null, TestCertificate? certificate = null, params string[] arguments)
    {
        // Tries again if another process took the port in the meantime.
        for (var tries = 1; ; tries++)
        {
            var chosen = port ?? Ports.Free();
            string[] doors = certificate is null
                ? ["--port", $"{chosen}"]
                : [
                    "--port", "0", "--tls-port", $"{chosen}", "--tls-auth-clients", "no", "--tls-cert-file", certificate.CertificateFile,
                    "--tls-key-file", certificate.KeyFile, "--tls-ca-cert-file", certificate.CertificateFile,
                ];
            string[] locks = password is null ? [] : ["--requirepass", password];
            try
            {
                var process = await RedisProcess.StartAsync(folder =>
                    [.. doors, .. locks, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder, .. arguments]);
                return new RedisServer($"127.0.0.1:{chosen}", "redis-server", process, certificate);
            }
            catch (InvalidOperationException) when (port is null && tries < 3)
            {
            }
        }
    }

    /// <summary>Asks it to end (SIGTERM), and waits until it has.</summary>
    public Task StopAsync() => Process.StopAsync();

    /// <summary>Ends it at once, as a crash would (SIGKILL).</summary>
    public Task KillAsync() => Process.KillAsync();

    /// <summary>Starts it again as it was, on the same port, after it was stopped or killed.</summary>
    public Task StartAgainAsync() => Process.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_owned is not null)
        {
            await _owned.DisposeAsync();
        }
    }

    private static async Task<RedisServer> StartEmbeddedAsync()
    {
        var port = Ports.Free();
        return new RedisServer($"127.0.0.1:{port}", "Garnet, from NuGet", await ServerProcess.StartAsync(
            "dotnet", [Built.PathOf("RespServer"), $"{port}"], "Ready to accept connections"));
    }

    private static async Task<RedisServer> StartContainerAsync()
    {
        var container = new RedisBuilder("redis:7-alpine").Build();
        await container.StartAsync();
        return new RedisServer(container.GetConnectionString(), "redis:7-alpine in Docker", container);
    }
}
