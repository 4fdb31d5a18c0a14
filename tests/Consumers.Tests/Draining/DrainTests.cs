using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Draining;

public sealed partial class DrainTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Diary _diary = new();

    private sealed class Echo(Diary diary) : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);

        protected override async Task DisconnectAsync(int code)
        {
            await Task.Yield();
            diary.Note($"disconnect {code}");
        }
    }

    private Task<TestServer> StartAsync(Action<DrainOptions> configure) => TestServer.StartAsync(
        app =>
        {
            app.MapHealthChecks("/ready");
            app.MapChannels(new ProtocolTypeRouter { WebSocket = new UrlRouter { ["ws/"] = Consumer.For<Echo>() } });
        },
        services =>
        {
            services.AddSingleton(_diary).AddSingleton<TimeProvider>(_time).Configure(configure);
            services.AddHealthChecks().AddChannels();
        });

    [Fact]
    public async Task A_host_that_stops_is_not_ready_at_once_and_lets_its_clients_go_later_in_batches()
    {
        await using var server = await StartAsync(options =>
        {
            options.Delay = TimeSpan.FromSeconds(10);
            options.BatchSize = 1;
            options.BatchInterval = TimeSpan.FromSeconds(1);
        });
        using var http = new HttpClient();
        var ready = new Uri(server.Address + "/ready");
        Assert.Equal("Healthy", await http.GetStringAsync(ready));
        using var one = await server.ConnectAsync();
        using var other = await server.ConnectAsync();
        await HelloAsync(one);
        await HelloAsync(other);

        var stopping = server.App.StopAsync();
        using (var answer = await http.GetAsync(ready))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await server.StatusAsync("/ws/"));
        await HelloAsync(one);
        await HelloAsync(other);

        _time.Advance(TimeSpan.FromSeconds(10));
        Task<string>[] closed = [one.ReceiveAsync(), other.ReceiveAsync()];
        var first = await Task.WhenAny(closed);
        Assert.Matches(Retry(), await first);
        await CloseAsync(first == closed[0] ? one : other);
        var second = closed.Single(task => task != first);
        Assert.False(second.IsCompleted);
        await AdvanceUntilAsync(second);
        Assert.Matches(Retry(), await second);
        await CloseAsync(first == closed[0] ? other : one);
        await stopping;
    }

    [Fact]
    public async Task A_host_that_nobody_is_connected_to_goes_on_refusing_until_the_load_balancer_has_noticed()
    {
        await using var server = await StartAsync(options => options.Delay = TimeSpan.FromSeconds(10));
        var stopping = server.App.StopAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await server.StatusAsync("/ws/"));
        Assert.False(stopping.IsCompleted);
        await AdvanceUntilAsync(stopping);
        await stopping;
    }

    [Fact]
    public async Task Each_client_is_told_another_time_to_come_back_within_the_limit()
    {
        await using var server = await StartAsync(options => options.RetryWithin = TimeSpan.FromSeconds(1000));
        var clients = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => server.ConnectAsync()));
        var stopping = server.App.StopAsync();
        var times = new List<int>();
        foreach (var client in clients)
        {
            times.Add(int.Parse(Retry().Match(await client.ReceiveAsync()).Groups[1].Value, CultureInfo.InvariantCulture));
            await client.CloseAsync();
            client.Dispose();
        }

        await stopping;
        Assert.All(times, time => Assert.InRange(time, 0, 1_000_000));
        Assert.True(times.Distinct().Count() > 10);
    }

    [Fact]
    public async Task When_the_time_is_short_the_batches_grow()
    {
        // 30 seconds have 24 batches of a second each, and 48 connections in batches of one would take 47 seconds.
        await using var server = await StartAsync(options =>
        {
            options.BatchSize = 1;
            options.BatchInterval = TimeSpan.FromSeconds(1);
        });
        var clients = await Task.WhenAll(Enumerable.Range(0, 48).Select(_ => server.ConnectAsync()));
        var start = _time.GetUtcNow();
        var stopping = server.App.StopAsync();
        var leaving = Task.WhenAll(clients.Select(async client =>
        {
            Assert.Matches(Retry(), await client.ReceiveAsync());
            await client.CloseAsync();
        }));
        await AdvanceUntilAsync(leaving);
        await leaving;
        await stopping;
        Assert.InRange(_time.GetUtcNow() - start, TimeSpan.Zero, TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task A_wrong_configuration_fails_at_start_with_all_faults()
    {
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(options =>
        {
            options.Delay = TimeSpan.FromSeconds(30);
            options.BatchSize = 0;
            options.BatchInterval = TimeSpan.FromSeconds(-1);
            options.RetryWithin = TimeSpan.FromSeconds(-1);
        }));
        Assert.Equal(4, fault.Failures.Count());
        Assert.Contains("HostOptions.ShutdownTimeout, which is 00:00:30", fault.Message, StringComparison.Ordinal);
    }

    private static async Task HelloAsync(WebSocketClient client)
    {
        await client.SendAsync("hello");
        Assert.Equal("hello", await client.ReceiveAsync());
    }

    private async Task CloseAsync(WebSocketClient client)
    {
        await client.CloseAsync();
        Assert.Equal("disconnect 1012", await _diary.NextAsync());
    }

    /// <summary>The server sets its next timer when it has done with the one before, so the clock goes on until it has.</summary>
    private async Task AdvanceUntilAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(1);
        }
    }

    [GeneratedRegex("^close 1012 The server restarts. Retry in ([0-9]+) ms.$")]
    private static partial Regex Retry();
}
