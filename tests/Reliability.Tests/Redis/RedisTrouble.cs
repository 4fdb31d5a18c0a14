using System.Diagnostics;
using System.Net.WebSockets;
using ChannelsNet.Clients;
using ChannelsNet.Support;

namespace ChannelsNet.Redis;

/// <summary>Two web nodes with clients over one Redis, and messages that flow from a third process: what is in use when a fault comes.</summary>
internal sealed class RedisTrouble : IAsyncDisposable
{
    public const int PerSecond = 20;

    private static readonly HttpClient _http = new();

    private readonly WebNode[] _nodes;
    private readonly Crowd _crowd;
    private readonly Traffic _traffic;
    private readonly Clock _clock;
    private readonly long _memory;

    private RedisTrouble(WebNode[] nodes, Crowd crowd, Traffic traffic, Clock clock)
    {
        (_nodes, _crowd, _traffic, _clock) = (nodes, crowd, traffic, clock);
        _memory = Memory();
    }

    /// <summary>How long a fault lasts.</summary>
    public static TimeSpan Duration => TimeSpan.FromSeconds(Size.Of(full: 10, small: 3));

    public static int Clients => Size.Of(full: 200, small: 20);

    /// <param name="host">The Redis, as an address of the layer.</param>
    /// <param name="backend">What the layer makes of it.</param>
    public static async Task<RedisTrouble> StartAsync(string host, ChannelLayerBackend backend = ChannelLayerBackend.RedisPubSub)
    {
        var prefix = $"trouble-{Guid.NewGuid():N}";
        var clock = new Clock();
        var nodes = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => WebNode.StartAsync(new Dictionary<string, string>
        {
            ["ChannelLayers__default__Backend"] = $"{backend}",
            ["ChannelLayers__default__Hosts__0"] = host,
            ["ChannelLayers__default__Prefix"] = prefix,
        })));
        var crowd = await Crowd.ConnectAsync(Clients, clock, [.. nodes.Select(node => node.WebSocket("/chat/trouble/"))]);
        var traffic = Traffic.Start(host, prefix, "trouble", PerSecond, backend);
        await crowd.AllHeardAsync(5);
        return new RedisTrouble(nodes, crowd, traffic, clock);
    }

    /// <summary>A client more, which stays.</summary>
    public Task<Crowd> ConnectLateAsync() => Crowd.ConnectAsync(1, _clock, _nodes[0].WebSocket("/chat/trouble/"));

    /// <summary>Waits until the health of each node is this; how long it took.</summary>
    public async Task<TimeSpan> HealthAsync(string expected)
    {
        var since = _clock.Now;
        foreach (var node in _nodes)
        {
            while (await _http.GetStringAsync(new Uri(node.Address, "/health/ready")) is var state && state != expected)
            {
                if (_clock.Now - since > TimeSpan.FromSeconds(20))
                {
                    throw new TimeoutException($"{node.Address} is {state} and not {expected}. It wrote:{Environment.NewLine}{node.Process.Output}");
                }

                await Task.Delay(20);
            }
        }

        return _clock.Now - since;
    }

    /// <summary>Who says something in a room hears it, at one node.</summary>
    public async Task<TimeSpan> HearOneselfAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(_nodes[0].WebSocket("/chat/near/"), patience.Token);
        var since = _clock.Now;
        await socket.SendAsync("{\"text\":\"near\"}"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
        await socket.ReceiveAsync(new byte[1000].AsMemory(), patience.Token);
        return _clock.Now - since;
    }

    /// <summary>Waits until every client has heard a message that is sent from now on; how long it took.</summary>
    /// <param name="late">Those who came late.</param>
    public async Task<TimeSpan> HeardAgainAsync(Crowd? late = null)
    {
        var since = _clock.Now;
        await (late ?? _crowd).AllHeardAsync(_traffic.Sent + 1);
        return _clock.Now - since;
    }

    /// <summary>
    /// Ends the traffic and counts. However the fault was: no connection has ended, no message came twice or in another order, and the nodes have not grown.
    /// </summary>
    /// <returns>How many messages each client missed, from the fewest to the most, and a text with all that was counted.</returns>
    public async Task<(int[] Missed, string Text)> CountAsync(bool inOrder = true)
    {
        var last = await _traffic.StopAsync();
        await _crowd.AllHeardAsync(last);
        var grown = Memory() - _memory;
        await _crowd.StopAsync();
        Assert.All(_crowd.Clients, client => Assert.Equal(0, client.Ends));
        foreach (var heard in _crowd.Clients.SelectMany(client => client.Heard))
        {
            Assert.Equal(heard.Count, heard.Distinct().Count());
            if (inOrder)
            {
                Assert.Equal(heard.Order(), heard);
            }
        }

        Assert.InRange(grown, long.MinValue, 100 * 1024 * 1024);
        var missed = _crowd.Missed(last);
        return (missed, FormattableString.Invariant(
            $"no connection ended; of {last} messages ({_traffic.Refused} refused to the sender) missed: median {missed[missed.Length / 2]}, most {missed[^1]}; memory of both nodes {grown / 1024.0 / 1024:+0.0;-0.0} MiB"));
    }

    public async ValueTask DisposeAsync()
    {
        await _traffic.DisposeAsync();
        await _crowd.DisposeAsync();
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    /// <summary>What the processes of the nodes have in memory.</summary>
    private long Memory() => _nodes.Sum(node =>
    {
        using var process = Process.GetProcessById(node.Process.Id);
        return process.WorkingSet64;
    });
}
