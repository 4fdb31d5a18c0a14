using System.Diagnostics;

namespace ChannelsNet.Bench.Fanout;

/// <summary>A server that runs, or a Redis.</summary>
internal sealed record Node(Process Process, int Port)
{
    public static Task<Node> StartAsync(Started started, Server server, Node? redis = null)
    {
        var port = Programs.FreePort();
        return StartAsync(started, port, server.Command(port, redis is null ? null : $"127.0.0.1:{redis.Port}"), "ready");
    }

    public static Task<Node> StartRedisAsync(Started started)
    {
        var port = Programs.FreePort();
        return StartAsync(started, port, Programs.Redis(port), Programs.RedisIsReady);
    }

    private static async Task<Node> StartAsync(Started started, int port, string[] command, string readiness)
    {
        var node = new Node(started.Start(Started.ServerCore, command), port);
        await Programs.WaitAsync(node.Process, readiness);
        return node;
    }
}
