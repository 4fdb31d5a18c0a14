using System.Text.RegularExpressions;

namespace ChannelsNet.Support;

/// <summary>The demo host in a process of its own, on a free port.</summary>
public sealed partial class WebNode : IAsyncDisposable
{
    private WebNode(ServerProcess process)
    {
        Process = process;
        Address = new Uri(Listening().Match(process.Output).Groups[1].Value);
    }

    public ServerProcess Process { get; }

    public Uri Address { get; }

    /// <summary>Starts a node with the settings of its appsettings, but for those given.</summary>
    public static async Task<WebNode> StartAsync(IReadOnlyDictionary<string, string>? settings = null) => new(await RunAsync([], settings));

    /// <summary>Starts a node that may open so many files.</summary>
    /// <param name="softLimit">What it inherits, and may raise to <paramref name="hardLimit"/>.</param>
    /// <param name="hardLimit">What it may not go beyond.</param>
    public static async Task<WebNode> StartAsync(int softLimit, int hardLimit) =>
        new(await RunAsync([], null, ["sh", "-c", $"ulimit -S -n {softLimit}; ulimit -H -n {hardLimit}; exec \"$@\"", "sh"]));

    /// <summary>Starts a node whose layer is over Redis.</summary>
    public static Task<WebNode> StartAsync(RedisServer redis, string prefix) => StartAsync(Over(redis, prefix));

    /// <summary>Starts the worker of the demo in a process of its own, which has no web server.</summary>
    public static Task<ServerProcess> StartWorkerAsync(IReadOnlyDictionary<string, string> settings) => RunAsync(["--worker"], settings);

    /// <summary>The settings of a layer over Redis.</summary>
    public static Dictionary<string, string> Over(RedisServer redis, string prefix, string layer = "default", string backend = "RedisPubSub") => new()
    {
        [$"ChannelLayers__{layer}__Backend"] = backend,
        [$"ChannelLayers__{layer}__Hosts__0"] = redis.Address,
        [$"ChannelLayers__{layer}__Prefix"] = prefix,
    };

    public Uri WebSocket(string path) => new UriBuilder(Address) { Scheme = "ws", Path = path }.Uri;

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private static Task<ServerProcess> RunAsync(string[] arguments, IReadOnlyDictionary<string, string>? settings, params string[] starter)
    {
        var environment = new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["Logging__Console__FormatterOptions__SingleLine"] = "true",
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            environment[name] = value;
        }

        string[] command = [.. starter, "dotnet", Built.PathOf("Web"), .. arguments];
        return ServerProcess.StartAsync(command[0], command[1..], "Application started", environment, Built.PathOf("WebFolder"));
    }

    [GeneratedRegex(@"Now listening on: (http://[0-9.:]+)")]
    private static partial Regex Listening();
}
