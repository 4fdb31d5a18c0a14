using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ChannelsNet.Bench;

/// <summary>The programs that a measurement needs.</summary>
public static class Programs
{
    /// <summary>Runs a program to its end; what it wrote.</summary>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? (await output).Trim()
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    /// <summary>Starts a redis-server that keeps nothing, and waits until it answers.</summary>
    public static async Task<(Process Process, string Address)> StartRedisAsync()
    {
        var port = FreePort();
        var command = Redis(port);
        var process = Start(command[0], command[1..]);
        await WaitAsync(process, RedisIsReady);
        return (process, $"127.0.0.1:{port}");
    }

    /// <summary>The command of a redis-server that keeps nothing.</summary>
    public static string[] Redis(int port) =>
        ["redis-server", "--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", Path.GetTempPath()];

    /// <summary>What redis-server writes when it can be used.</summary>
    public const string RedisIsReady = "Ready to accept connections";

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Starts a program whose output can be read; it gets an input that is open as long as this process lives.</summary>
    public static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })
        ?? throw new InvalidOperationException($"{program} did not start.");

    /// <summary>Waits until a program writes a line with this text.</summary>
    public static async Task WaitAsync(Process process, string text)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }

        throw new InvalidOperationException($"A program ended before it wrote \"{text}\".");
    }
}
