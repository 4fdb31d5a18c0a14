using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using ChannelsNet.Clients;
using ChannelsNet.Support;

namespace ChannelsNet.Load;

/// <summary>More clients than the process may open files.</summary>
public sealed class FileLimitTests
{
    /// <summary>The demo has about 230 open when it starts.</summary>
    private const int Limit = 512;

    [SkippableTheory]
    [InlineData(800, 0)]
    [InlineData(400, 400)]
    public async Task A_node_at_its_file_limit_serves_its_clients_while_many_others_keep_connecting(int webSockets, int silent)
    {
        SkipUnlessLinux();
        const int Served = 20;
        var seconds = Size.Of(full: 60, small: 10);
        await using var node = await WebNode.StartAsync(Limit, Limit);
        using var clock = await ConnectedClient.ConnectAsync(node.WebSocket("/msg/"));
        var clients = await Task.WhenAll(Enumerable.Range(0, Served).Select(_ => ConnectedClient.ConnectAsync(node.WebSocket("/echo/"))));
        var slowest = TimeSpan.Zero;
        await using (var flood = new ConnectionFlood(node.Address, "/echo/", webSockets, silent))
        {
            for (var second = 0; second < seconds; second++)
            {
                await clock.NextAsync();
                var took = await Task.WhenAll(clients.Select(client => client.EchoAsync($"{second}")));
                slowest = TimeSpan.FromTicks(Math.Max(slowest.Ticks, took.Max().Ticks));
            }

            // Those who say nothing take all the connections on which there could be a 503.
            Assert.InRange(flood.Unavailable, silent > 0 ? 0 : 1, int.MaxValue);
            Assert.InRange(flood.Closed, 1, int.MaxValue);
            Report.Add(
                "file limit",
                $"{Limit} files; {webSockets} clients that ask for a WebSocket and {silent} that say nothing reconnect at once for {seconds} s",
                $"{flood.Accepted} WebSockets accepted, {flood.Unavailable} got 503, {flood.Closed} connections closed; {Served} clients that were connected before got every message, the slowest echo took {slowest.TotalMilliseconds:0} ms");
        }

        // As soon as they have left there is room, and nothing goes on.
        using var another = await ConnectAsync(node);
        await another.EchoAsync("hello");
        using var process = Process.GetProcessById(node.Process.Id);
        await clock.NextAsync();
        var before = process.TotalProcessorTime;
        for (var second = 0; second < 5; second++)
        {
            await clock.NextAsync();
        }

        process.Refresh();
        Assert.InRange((process.TotalProcessorTime - before).TotalSeconds, 0, 1);
        Assert.False(node.Process.HasExited);
        var lines = node.Process.Output.Split(Environment.NewLine)
            .Count(line => line.Contains("Connections closed since", StringComparison.Ordinal));
        Assert.InRange(lines, 1, (seconds / 10) + 2);
        foreach (var client in clients)
        {
            client.Dispose();
        }
    }

    [SkippableFact]
    public async Task A_node_that_is_full_of_WebSockets_still_responds_to_health_checks_and_says_503_to_others()
    {
        SkipUnlessLinux();
        await using var node = await WebNode.StartAsync(Limit, Limit);
        var clients = new List<ConnectedClient>();
        try
        {
            while (true)
            {
                clients.Add(await ConnectedClient.ConnectAsync(node.WebSocket("/echo/")));
            }
        }
        catch (WebSocketException fault)
        {
            Assert.Contains("'503'", fault.Message, StringComparison.Ordinal);
        }

        Assert.InRange(clients.Count, 100, Limit - 64);
        using var http = new HttpClient { BaseAddress = node.Address };
        for (var i = 0; i < 100; i++)
        {
            using var response = await http.GetAsync(new Uri("/health/live", UriKind.Relative));
            Assert.Equal((HttpStatusCode.OK, true), (response.StatusCode, response.Headers.ConnectionClose));
        }

        await Task.WhenAll(clients.Select(client => client.EchoAsync("hello")));
        clients[0].Dispose();
        clients[0] = await ConnectAsync(node);
        foreach (var client in clients)
        {
            client.Dispose();
        }
    }

    [SkippableFact]
    public async Task A_node_whose_program_uses_up_all_files_takes_no_core_and_accepts_again_afterwards()
    {
        SkipUnlessLinux();
        await using var node = await WebNode.StartAsync(Limit, Limit);
        using var clock = await ConnectedClient.ConnectAsync(node.WebSocket("/msg/"));

        // The runtime loads assemblies when they are first used, and it can't without a file.
        await clock.NextAsync();

        // To the program it is the same whether it has opened so many files or may open so few.
        await SetLimitAsync(node, "10:");
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, node.Address.Port);
        await Until.TrueAsync(
            () => node.Process.Output.Contains("accepts no connection until one is free", StringComparison.Ordinal),
            () => node.Process.Output,
            TimeSpan.FromSeconds(10));
        using var process = Process.GetProcessById(node.Process.Id);
        await clock.NextAsync();
        var before = process.TotalProcessorTime;
        for (var second = 0; second < 5; second++)
        {
            await clock.NextAsync();
        }

        process.Refresh();
        Assert.InRange((process.TotalProcessorTime - before).TotalSeconds, 0, 1);
        await SetLimitAsync(node, $"{Limit}:");
        using var another = await ConnectAsync(node);
        await another.EchoAsync("hello");
    }

    [SkippableFact]
    public async Task The_soft_limit_of_a_node_is_raised_to_the_hard_one()
    {
        SkipUnlessLinux();
        await using var node = await WebNode.StartAsync(softLimit: 300, hardLimit: 4000);
        var limits = await File.ReadAllLinesAsync($"/proc/{node.Process.Id}/limits");
        var line = limits.Single(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        Assert.Equal(["Max", "open", "files", "4000", "4000", "files"], line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    private static void SkipUnlessLinux() => Skip.IfNot(OperatingSystem.IsLinux(), "The limit is Linux's.");

    /// <summary>Connects as soon as there is room.</summary>
    private static async Task<ConnectedClient> ConnectAsync(WebNode node)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            try
            {
                return await ConnectedClient.ConnectAsync(node.WebSocket("/echo/"));
            }
            catch (WebSocketException) when (!patience.IsCancellationRequested)
            {
                // The others have not been noticed to have left.
            }
        }
    }

    private static async Task SetLimitAsync(WebNode node, string limit)
    {
        using var prlimit = Process.Start("prlimit", ["--pid", $"{node.Process.Id}", $"--nofile={limit}"]);
        await prlimit.WaitForExitAsync();
        Assert.Equal(0, prlimit.ExitCode);
    }
}
