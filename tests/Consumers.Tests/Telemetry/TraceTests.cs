using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ChannelsNet.Telemetry;

public sealed class TraceTests
{
    private sealed class TracedConsumer : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["traced"];

        public Task HandleAsync(Note message) => message.Text == "throw" ? throw new InvalidOperationException("as told") : SendTextAsync(message.Text);
    }

    private sealed class TracedWorker(TaskCompletionSource<Activity?> seen) : WorkerConsumer, IHandle<Note>
    {
        public Task HandleAsync(Note message)
        {
            seen.SetResult(Activity.Current);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task So_has_a_worker()
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "ChannelsNet",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        var seen = new TaskCompletionSource<Activity?>();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(seen);
        builder.Services.AddChannelLayers().AddMessage<Note>().AddWorker<TracedWorker>("traced");
        using var host = builder.Build();
        await host.StartAsync();
        var note = new Note("hello");
        await host.Services.GetRequiredService<IChannelLayer>().SendAsync("traced", note);
        var activity = await seen.Task.WaitAsync(TestServer.Patience);
        Assert.Equal($"process {nameof(TracedWorker)}", activity!.OperationName);
        Assert.Equal(note.TraceParent, $"00-{Assert.Single(activity.Links).Context.TraceId}-{activity.Links.Single().Context.SpanId}-01");
        await host.StopAsync();
    }

    [Fact]
    public async Task A_handler_has_a_trace_of_its_own_that_is_linked_to_the_senders()
    {
        var stopped = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "ChannelsNet" or nameof(TraceTests),
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var source = new ActivitySource(nameof(TraceTests));
        await using var server = await TestServer.StartAsync(Consumer.For<TracedConsumer>());
        using var one = await server.ConnectAsync();
        using var other = await server.ConnectAsync();

        string trace;
        using (var request = source.StartActivity("request"))
        {
            trace = request!.TraceId.ToHexString();
            await server.Layer.GroupSendAsync("traced", new Note("hello"));
        }

        Assert.Equal("hello", await one.ReceiveAsync());
        Assert.Equal("hello", await other.ReceiveAsync());
        await server.Layer.GroupSendAsync("traced", new Note("throw"));
        Assert.StartsWith("close 1011", await one.ReceiveAsync(), StringComparison.Ordinal);
        Assert.StartsWith("close 1011", await other.ReceiveAsync(), StringComparison.Ordinal);

        var handled = stopped.Where(activity => activity.OperationName == $"process {nameof(TracedConsumer)}").ToArray();
        Assert.Equal(4, handled.Length);
        Assert.All(handled, activity => Assert.Null(activity.Parent));

        // A client can have what a handler has sent before the handler's trace ends, so they may end in any order.
        var failed = handled.Where(activity => activity.Status == ActivityStatusCode.Error).ToArray();
        Assert.Equal(2, failed.Length);
        Assert.All(failed, activity => Assert.Equal("as told", activity.StatusDescription));
        Assert.All(handled.Except(failed), activity => Assert.Equal(trace, Assert.Single(activity.Links).Context.TraceId.ToHexString()));
        Assert.Equal(4, handled.Select(activity => activity.TraceId).Distinct().Count());
    }
}
