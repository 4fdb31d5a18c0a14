using ChannelsNet.Support;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace ChannelsNet.Workers;

/// <summary>Workers of several hosts on one channel, over queues in a real Redis.</summary>
public sealed class RedisWorkerTests : IAsyncLifetime
{
    private readonly string _prefix = $"workers-{Guid.NewGuid():N}";
    private RedisServer? _redis;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }
    }

    [Fact]
    public async Task Each_message_goes_to_one_worker_of_all_processes()
    {
        const int Count = 300;
        _redis = await RedisServer.StartAsync();
        await using var here = await StartAsync<Notes>(options => options.Concurrency = 3);
        await using var there = await StartAsync<Notes>(options => options.Prefetch = 5, here.Journal);
        var names = Enumerable.Range(0, Count).Select(i => $"{i}").ToArray();
        foreach (var name in names)
        {
            await here.SendAsync("jobs", name);
        }

        Assert.Equal(names.Order(), (await here.Journal.ReadAsync(Count)).Order());

        // Whatever came after would be a double.
        await here.SendAsync("jobs", "last");
        Assert.Equal("last", await here.Journal.ReadAsync());
    }

    // CH-265
    [Fact]
    public async Task A_worker_that_stops_leaves_the_rest_to_another()
    {
        _redis = await RedisServer.StartAsync();
        await using var here = await StartAsync<Waits>();
        for (var i = 0; i < 10; i++)
        {
            await here.SendAsync("jobs", $"{i}");
        }

        Assert.Equal("begun 0", await here.Journal.ReadAsync());
        var stopping = await here.BeginToStopAsync();
        here.Journal.Open(10);
        await stopping;
        Assert.Equal("ended 0", await here.Journal.ReadAsync());
        Assert.False(here.Journal.TryRead(out _));

        await using var there = await StartAsync<Notes>();
        Assert.Equal(Enumerable.Range(1, 9).Select(i => $"{i}"), await there.Journal.ReadAsync(9));
    }

    [Fact]
    public async Task What_was_prefetched_and_not_begun_goes_to_another_worker()
    {
        _redis = await RedisServer.StartAsync();
        await using var here = await StartAsync<Waits>(options => options.Prefetch = 3);
        for (var i = 0; i < 3; i++)
        {
            await here.SendAsync("jobs", $"{i}");
        }

        Assert.Equal("begun 0", await here.Journal.ReadAsync());
        await here.StopAsync(TimeSpan.FromMilliseconds(100));
        await using var there = await StartAsync<Notes>();
        Assert.Equal(["1", "2"], (await there.Journal.ReadAsync(2)).Order());
    }

    [Fact]
    public async Task What_is_no_message_is_dropped_and_the_next_is_handled()
    {
        _redis = await RedisServer.StartAsync();
        await using var host = await StartAsync<Notes>();
        await using var redis = await ConnectionMultiplexer.ConnectAsync(_redis.Address);

        // A map without "type", after the 12 bytes that make it one of its kind.
        await redis.GetDatabase().SortedSetAddAsync(
            $"{_prefix}jobs", (byte[])[.. new byte[12], 0x81, 0xA1, (byte)'x', 1], DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0);
        await host.SendAsync("jobs", "next");
        Assert.Equal("next", await host.Journal.ReadAsync());
        Assert.Contains(host.Log, line => line.Contains("it has no key \"type\"", StringComparison.Ordinal));
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData("stopped")]
    [InlineData("killed")]
    public async Task A_worker_survives_that_Redis_goes_away_and_comes_back(string end)
    {
        _redis = await RedisServer.StartProcessAsync();
        await using var host = await StartAsync<Notes>();
        await host.SendAsync("jobs", "before");
        Assert.Equal("before", await host.Journal.ReadAsync());

        await (end == "killed" ? _redis.KillAsync() : _redis.StopAsync());
        await host.WhenAsync(ChannelLayerState.Degraded);
        await _redis.StartAgainAsync();
        await SendAgainAsync(host, "after");
        Assert.Equal("after", await host.Journal.ReadAsync());
        Assert.Equal(["handled", "handled"], await host.OutcomesAsync(2));
        Assert.DoesNotContain(host.Log, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_worker_that_starts_before_Redis_works_when_it_is_there()
    {
        _redis = await RedisServer.StartProcessAsync();
        await _redis.StopAsync();
        await using var host = await StartAsync<Notes>();
        await _redis.StartAgainAsync();
        await SendAgainAsync(host, "at last");
        Assert.Equal("at last", await host.Journal.ReadAsync());
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_host_stops_in_time_while_Redis_is_away()
    {
        _redis = await RedisServer.StartProcessAsync();
        await using var host = await StartAsync<Notes>();
        await host.SendAsync("jobs", "before");
        Assert.Equal("before", await host.Journal.ReadAsync());
        await _redis.KillAsync();
        await host.WhenAsync(ChannelLayerState.Degraded);
        await host.StopAsync().WaitAsync(WorkerHost.Patience);
        Assert.DoesNotContain(host.Log, line => line.Contains("of channel jobs", StringComparison.Ordinal));
    }

    private Task<WorkerHost> StartAsync<TConsumer>(Action<WorkerOptions>? configure = null, Journal? journal = null)
        where TConsumer : WorkerConsumer => WorkerHost.StartAsync(
            channels => channels.AddWorker("jobs", Consumer.For<TConsumer>(), configure),
            [("default:Backend", "Redis"), ("default:Hosts:0", _redis!.Address), ("default:Prefix", _prefix), ("default:Capacity", "1000")],
            journal: journal);

    /// <summary>Sends until the layer takes it: a connection that has just come back may go again.</summary>
    private static async Task SendAgainAsync(WorkerHost host, string name)
    {
        using var patience = new CancellationTokenSource(WorkerHost.Patience);
        while (true)
        {
            await host.WhenAsync(ChannelLayerState.Connected);
            try
            {
                await host.SendAsync("jobs", name);
                return;
            }
            catch (Exception) when (!patience.IsCancellationRequested)
            {
                await Task.Yield();
            }
        }
    }
}
