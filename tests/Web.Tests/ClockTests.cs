using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using ChannelsNet.Support;

namespace ChannelsNet;

/// <summary>The clock demo as its users run it: real processes, real sockets, real seconds.</summary>
public sealed class ClockTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    private readonly string _prefix = $"clock-{Guid.NewGuid():N}";

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        _patience.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task One_node_with_nothing_configured_serves_the_page_and_the_time()
    {
        await using var node = await WebNode.StartAsync();
        using var http = new HttpClient { BaseAddress = node.Address };
        Assert.Contains("<h1 id=\"msg\"", await http.GetStringAsync(new Uri("/msg/", UriKind.Relative)), StringComparison.Ordinal);
        Assert.Contains("href=\"/msg/\"", await http.GetStringAsync(new Uri("/", UriKind.Relative)), StringComparison.Ordinal);
        Assert.Equal("Healthy", await http.GetStringAsync(new Uri("/health/live", UriKind.Relative)));

        var ticks = await TicksAsync(node).Take(3).ToListAsync(_patience.Token);
        Assert.Equal([ticks[0], ticks[0] + 1, ticks[0] + 2], ticks);
    }

    [Fact]
    public async Task The_time_comes_as_server_sent_events_too()
    {
        await using var node = await WebNode.StartAsync();
        using var http = new HttpClient { BaseAddress = node.Address };
        using var answer = await http.GetAsync(new Uri("/events/", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, _patience.Token);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.ToString());
        var events = SseParser.Create(await answer.Content.ReadAsStreamAsync(_patience.Token)).EnumerateAsync(_patience.Token);
        var ticks = await events.Take(3).Select(item => SecondOf(Encoding.UTF8.GetBytes(item.Data))).ToListAsync(_patience.Token);
        Assert.Equal([ticks[0], ticks[0] + 1, ticks[0] + 2], ticks);
    }

    [Fact]
    public async Task An_unknown_websocket_path_answers_404_without_a_stack_trace()
    {
        await using var node = await WebNode.StartAsync();
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(node.WebSocket("/nope/"), _patience.Token));
        Assert.Equal(HttpStatusCode.NotFound, socket.HttpStatusCode);
        Assert.DoesNotContain(" at ", node.Process.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("killed")]
    [InlineData("stopped")]
    public async Task One_node_ticks_for_all_and_another_takes_over_when_it_is_gone(string end)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var first = await WebNode.StartAsync(redis, _prefix);
        await using var enumerator = TicksAsync(first).GetAsyncEnumerator(_patience.Token);
        await enumerator.MoveNextAsync();

        // The first node ticks, so it holds the lease; the second shows the same seconds.
        await using var second = await WebNode.StartAsync(redis, _prefix);
        await using var seen = TicksAsync(second).GetAsyncEnumerator(_patience.Token);
        await seen.MoveNextAsync();
        var before = new List<int> { seen.Current };
        while (before.Count < 3)
        {
            await seen.MoveNextAsync();
            before.Add(seen.Current);
        }

        Assert.Equal([before[0], before[0] + 1, before[0] + 2], before);
        while (enumerator.Current < before[^1])
        {
            var last = enumerator.Current;
            await enumerator.MoveNextAsync();
            Assert.Equal(last + 1, enumerator.Current);
        }

        await (end == "killed" ? first.Process.KillAsync() : first.Process.StopAsync());
        await seen.MoveNextAsync();
        Assert.InRange(seen.Current - before[^1], 1, 3);
        for (var i = 0; i < 3; i++)
        {
            var last = seen.Current;
            await seen.MoveNextAsync();
            Assert.Equal(last + 1, seen.Current);
        }
    }

    /// <summary>The seconds of the day that a node tells a client.</summary>
    private static async IAsyncEnumerable<int> TicksAsync(WebNode node, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(node.WebSocket("/msg/"), cancellationToken);
        var buffer = new byte[1024];
        while (true)
        {
            var frame = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            yield return SecondOf(buffer.AsMemory(0, frame.Count));
        }
    }

    private static int SecondOf(ReadOnlyMemory<byte> tick)
    {
        using var json = JsonDocument.Parse(tick);
        var time = Assert.Single(json.RootElement.EnumerateObject(), property => property.Name == "timeValue").Value.GetString()!;
        return (int)TimeOnly.ParseExact(time, "HH:mm:ss", CultureInfo.InvariantCulture).ToTimeSpan().TotalSeconds;
    }
}
