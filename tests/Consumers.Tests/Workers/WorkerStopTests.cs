using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Workers;

/// <summary>What becomes of messages when the host stops.</summary>
public sealed class WorkerStopTests
{
    private static readonly TimeSpan _short = TimeSpan.FromMilliseconds(100);

    // CH-265
    [Fact]
    public async Task On_stop_current_handlers_finish_and_nothing_new_is_taken()
    {
        var layer = new StubLayer();
        layer.Put(new Job("1"), new Job("2"), new Job("3"));
        await using var host = await WorkerHost.StartAsync(
            channels => channels.AddWorker<Waits>("jobs", options => options.Concurrency = 2), services: layer.AsDefault());
        Assert.Equal(["begun 1", "begun 2"], (await host.Journal.ReadAsync(2)).Order());
        var stopping = await host.BeginToStopAsync();
        Assert.False(stopping.IsCompleted);
        host.Journal.Open(2);
        await stopping;
        Assert.Equal(["ended 1", "ended 2"], (await host.Journal.ReadAsync(2)).Order());
        Assert.Equal(["handled", "handled"], await host.OutcomesAsync(2));
        Assert.Equal(["3"], layer.Unread);
        Assert.Empty(host.Log);
    }

    [Fact]
    public async Task On_stop_what_was_prefetched_is_handled_too()
    {
        var layer = new StubLayer();
        layer.Put(new Job("1"), new Job("2"), new Job("3"), new Job("4"));
        await using var host = await WorkerHost.StartAsync(
            channels => channels.AddWorker<Waits>("jobs", options => options.Prefetch = 2), services: layer.AsDefault());
        await layer.WhenTakenAsync(3);
        Assert.Equal("begun 1", await host.Journal.ReadAsync());
        var stopping = await host.BeginToStopAsync();
        host.Journal.Open(10);
        await stopping;
        Assert.Equal(["ended 1", "begun 2", "ended 2", "begun 3", "ended 3"], await host.Journal.ReadAsync(5));
        Assert.Equal(["4"], layer.Unread);
    }

    [Fact]
    public async Task A_handler_that_does_not_end_in_time_is_abandoned_and_what_was_not_begun_is_sent_back()
    {
        var layer = new StubLayer();
        layer.Put(new Job("1"), new Job("2"), new Job("3"), new Job("4"));
        await using var host = await WorkerHost.StartAsync(
            channels => channels.AddWorker<Waits>("jobs", options => options.Prefetch = 2), services: layer.AsDefault());
        await layer.WhenTakenAsync(3);
        Assert.Equal("begun 1", await host.Journal.ReadAsync());
        await host.StopAsync(_short);
        Assert.Equal(["abandoned", "returned", "returned"], (await host.OutcomesAsync(3)).Order());
        Assert.Equal(["4", "2", "3"], layer.Unread);
        Assert.Equal(
            [
                "Warning: 1 messages of channel jobs were still being handled when the time to stop the host was over, and are abandoned",
                "Warning: 2 messages of channel jobs had been taken and not begun when the time to stop the host was over; they are on their channel again",
            ],
            host.Log.Where(line => line.Contains("of channel jobs", StringComparison.Ordinal)).Order());

        // It ends after all, and is not counted twice; nobody begins another.
        host.Journal.Open(10);
        Assert.Equal("ended 1", await host.Journal.ReadAsync());
        Assert.True(host.HasNoMoreOutcomes);
        Assert.False(host.Journal.TryRead(out _));
    }

    [Fact]
    public async Task What_cannot_be_sent_back_is_lost_and_counted()
    {
        var layer = new StubLayer { SendFault = new InvalidOperationException("full") };
        layer.Put(new Job("1"), new Job("2"), new Job("3"));
        await using var host = await WorkerHost.StartAsync(
            channels => channels.AddWorker<Waits>("jobs", options => options.Prefetch = 2), services: layer.AsDefault());
        await layer.WhenTakenAsync(3);
        Assert.Equal("begun 1", await host.Journal.ReadAsync());
        await host.StopAsync(_short);
        Assert.Equal(["abandoned", "lost", "lost"], (await host.OutcomesAsync(3)).Order());
        Assert.Contains(host.Log, line => line.StartsWith("Error: 2 messages of channel jobs", StringComparison.Ordinal)
            && line.EndsWith("could not be sent back full", StringComparison.Ordinal));
    }

    private sealed class Listens(Journal journal) : WorkerConsumer, IHandle<Job>
    {
        public async Task HandleAsync(Job message)
        {
            journal.Note("begun");
            try
            {
                await journal.PassAsync(Scope.Aborted);
            }
            finally
            {
                journal.Note("told");
            }
        }
    }

    [Fact]
    public async Task A_handler_is_told_when_the_time_is_over()
    {
        await using var host = await WorkerHost.StartAsync(channels => channels.AddWorker<Listens>("jobs"));
        await host.SendAsync("jobs", "1");
        Assert.Equal("begun", await host.Journal.ReadAsync());
        await host.StopAsync(_short);
        Assert.Equal("told", await host.Journal.ReadAsync());
        Assert.Equal(["abandoned"], await host.OutcomesAsync(1));
        Assert.True(host.HasNoMoreOutcomes);
    }

    [Fact]
    public async Task All_workers_of_a_host_share_the_time()
    {
        await using var host = await WorkerHost.StartAsync(channels => channels.AddWorker<Waits>("a").AddWorker<Waits>("b").AddWorker<Notes>("c"));
        await host.SendAsync("a", "1");
        await host.SendAsync("b", "2");
        Assert.Equal(["begun 1", "begun 2"], (await host.Journal.ReadAsync(2)).Order());
        await host.StopAsync(_short);
        Assert.Equal(["abandoned", "abandoned"], await host.OutcomesAsync(2));
    }

    [Fact]
    public async Task A_host_that_never_started_stops()
    {
        await using var host = WorkerHost.Create(channels => channels.AddWorker<Notes>("jobs"));
        await host.StopAsync();
        Assert.NotNull(host.Services.GetService<IChannelLayer>());
    }
}
