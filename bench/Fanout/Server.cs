namespace ChannelsNet.Bench.Fanout;

/// <summary>One that is compared: how it is called, what it speaks, and how it is started.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Title">Its name in the tables.</param>
/// <param name="Protocol">What the load generator is to speak.</param>
/// <param name="Kind">The first argument of the servers' program; null: the limit, a program of its own.</param>
internal sealed record Server(string Name, string Title, string Protocol, string? Kind)
{
    public static Server Channels { get; } = new("channels", "ChannelsNet", "websocket", "channels");

    public static Server SignalR { get; } = new("signalr-json", "SignalR, JSON", "signalr-json", "signalr");

    public static Server Limit { get; } = new("limit", "limit", "websocket", null);

    public static IReadOnlyList<Server> All { get; } =
    [
        Channels,
        SignalR,
        new("signalr-messagepack", "SignalR, MessagePack", "signalr-messagepack", "signalr"),
        new("plain", "`WebSocket.SendAsync` in a loop", "websocket", "plain"),
        Limit,
    ];

    /// <summary>The program and its arguments.</summary>
    public string[] Command(int port, string? redis) => Kind is null
        ? [Fanout.Limit.Program, $"{port}", .. redis is null ? Array.Empty<string>() : [redis]]
        : [Paths.Program("Servers"), Kind, "--port", $"{port}", .. redis is null ? Array.Empty<string>() : ["--redis", redis]];
}
