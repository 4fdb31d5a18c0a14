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
    public static async Task<WebNode> StartAsync(IReadOnlyDictionary<string, string>? settings = null)
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

        return new WebNode(await ServerProcess.StartAsync(
            "dotnet", [Built.PathOf("Web")], "Application started", environment, Built.PathOf("WebFolder")));
    }

    /// <summary>Starts a node whose layer is over Redis.</summary>
    public static Task<WebNode> StartAsync(RedisServer redis, string prefix) => StartAsync(new Dictionary<string, string>
    {
        ["ChannelLayers__default__Backend"] = "RedisPubSub",
        ["ChannelLayers__default__Hosts__0"] = redis.Address,
        ["ChannelLayers__default__Prefix"] = prefix,
    });

    public Uri WebSocket(string path) => new UriBuilder(Address) { Scheme = "ws", Path = path }.Uri;

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    [GeneratedRegex(@"Now listening on: (http://[0-9.:]+)")]
    private static partial Regex Listening();
}
