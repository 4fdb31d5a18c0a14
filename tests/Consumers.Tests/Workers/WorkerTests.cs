using System.Diagnostics;
using System.Diagnostics.Metrics;
using ChannelsNet.Routing;
using ChannelsNet.Support;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Workers;

/// <summary>Workers over a layer in memory.</summary>
public sealed class WorkerTests
{
    /// <summary>A service of one scope.</summary>
    private sealed class Unit(Journal journal) : IDisposable
    {
        public void Dispose() => journal.Note("disposed");
    }

    private sealed class Scoped(Journal journal, Unit unit) : WorkerConsumer, IHandle<Job>, IAsyncDisposable
    {
        private int _handled;

        public Task HandleAsync(Job message)
        {
            var own = ReferenceEquals(unit, Scope.Services.GetRequiredService<Unit>()) ? "its" : "another's";
            journal.Note($"{Scope.Type} {Scope.Channel} {message.Name} {++_handled} {own}");
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            journal.Note("consumer disposed");
            return ValueTask.CompletedTask;
        }
    }

    // CH-257, but for the instance: each message has one of its own (docs/decisions/0009-workers.md).
    [Fact]
    public async Task Each_message_gets_an_object_in_a_scope_of_its_own_that_knows_the_channel()
    {
        await using var host = await WorkerHost.StartAsync(channels =>
        {
            channels.Services.AddScoped<Unit>();
            channels.AddWorker(new ChannelNameRouter { ["a"] = Consumer.For<Scoped>(), ["b"] = Consumer.For<Scoped>() });
        });
        foreach (var (channel, name) in new[] { ("a", "1"), ("a", "2"), ("b", "3") })
        {
            await host.SendAsync(channel, name);
            Assert.Equal([$"channel {channel} {name} 1 its", "consumer disposed", "disposed"], await host.Journal.ReadAsync(3));
        }

        Assert.Equal(["handled", "handled", "handled"], await host.OutcomesAsync(3));
        Assert.Empty(host.Log);
    }

    [Fact]
    public async Task A_log_provider_that_throws_does_not_end_a_worker_whose_handler_fails()
    {
        var log = new ThrowingLog(LogLevel.Error);
        await using var host = await WorkerHost.StartAsync(
            channels => channels.AddWorker<Notes>("jobs"), services: new ServiceCollection().AddSingleton<ILoggerProvider>(log));
        await host.SendAsync("jobs", "fail");
        await host.SendAsync("jobs", "fine");
        Assert.Equal(["fail", "fine"], await host.Journal.ReadAsync(2));
        Assert.Equal(["failed", "handled"], await host.OutcomesAsync(2));
        Assert.Equal(1, log.Lines);
    }

    [Fact]
    public async Task A_listener_of_metrics_that_throws_does_not_end_a_worker()
    {
        await using var host = WorkerHost.Create(channels => channels.AddWorker<Notes>("jobs"));
        var meters = host.Services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name == "channels.worker.duration")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => throw new InvalidOperationException("mine"));
        listener.Start();
        await host.StartAsync();
        await host.SendAsync("jobs", "1");
        await host.SendAsync("jobs", "2");
        Assert.Equal(["1", "2"], await host.Journal.ReadAsync(2));
    }

    private static readonly AsyncLocal<string?> _user = new();

    private sealed class TellsContext(Journal journal) : WorkerConsumer, IHandle<Job>
    {
        public Task HandleAsync(Job message)
        {
            journal.Note($"user: {_user.Value}, activity: {Activity.Current?.OperationName}");
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_handler_runs_neither_in_the_context_that_started_the_host_nor_in_that_of_the_sender()
    {
        _user.Value = "Ann";
        using var activity = new Activity("start").Start();
        await using var host = await WorkerHost.StartAsync(channels => channels.AddWorker<TellsContext>("jobs"));
        _user.Value = "Bob";
        await host.SendAsync("jobs", "1");
        Assert.Equal("user: , activity: ", await host.Journal.ReadAsync());
    }

    [Fact]
    public async Task A_registration_on_the_token_of_a_handler_that_throws_does_not_keep_the_host_from_stopping()
    {
        await using var host = await WorkerHost.StartAsync(channels => channels.AddWorker<RegistersThrowing>("jobs"));
        await host.SendAsync("jobs", "1");
        Assert.Equal("begun", await host.Journal.ReadAsync());
        await host.StopAsync(TimeSpan.FromMilliseconds(50));
        Assert.Equal(["abandoned"], await host.OutcomesAsync(1));
        Assert.Contains(host.Log, line => line.StartsWith("Error: Worker of the channel jobs failed", StringComparison.Ordinal));
    }

    private sealed class RegistersThrowing(Journal journal) : WorkerConsumer, IHandle<Job>
    {
        public async Task HandleAsync(Job message)
        {
            using var registration = Scope.Aborted.Register(() => throw new InvalidOperationException("mine"));
            journal.Note("begun");
            await Task.Delay(Timeout.Infinite, Scope.Aborted);
        }
    }

    [Fact]
    public async Task Messages_are_handled_one_after_the_other_in_their_order()
    {
        await using var host = await WorkerHost.StartAsync(channels => channels.AddWorker<Waits>("jobs"));
        for (var i = 0; i < 50; i++)
        {
            await host.SendAsync("jobs", $"{i}");
        }

        host.Journal.Open(50);
        Assert.Equal(
            Enumerable.Range(0, 50).SelectMany(i => new[] { $"begun {i}", $"ended {i}" }),
            await host.Journal.ReadAsync(100));
    }

    [Fact]
    public async Task As_many_messages_are_handled_at_once_as_the_options_say()
    {
        await using var host = await WorkerHost.StartAsync(channels => channels.AddWorker<Waits>("jobs", options => options.Concurrency = 3));
        for (var i = 0; i < 4; i++)
        {
            await host.SendAsync("jobs", $"{i}");
        }

        Assert.Equal(["begun 0", "begun 1", "begun 2"], (await host.Journal.ReadAsync(3)).Order());
        host.Journal.Open();
        Assert.StartsWith("ended", await host.Journal.ReadAsync(), StringComparison.Ordinal);
        Assert.Equal("begun 3", await host.Journal.ReadAsync());
    }

    // CH-259
    [Fact]
    public async Task After_an_error_the_next_message_goes_to_a_fresh_consumer()
    {
        await using var host = await WorkerHost.StartAsync(channels => channels.AddWorker<Notes>("jobs"));
        await host.SendAsync("jobs", "fail");
        await host.SendAsync("jobs", "next");
        Assert.Equal(["fail", "next"], await host.Journal.ReadAsync(2));
        Assert.Equal(["failed", "handled"], await host.OutcomesAsync(2));
        var line = Assert.Single(host.Log);
        Assert.StartsWith("Error: A message Job of channel jobs failed", line, StringComparison.Ordinal);
        Assert.Contains("as it was told", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_of_an_unknown_type_is_told_by_its_name_and_does_not_stop_the_worker()
    {
        await using var host = await WorkerHost.StartAsync(channels => channels.AddWorker<Notes>("jobs"));
        await host.Layer.SendAsync("jobs", new UntypedMessage("job.strange", new Dictionary<string, object?>()));
        await host.SendAsync("jobs", "next");
        Assert.Equal("next", await host.Journal.ReadAsync());
        Assert.Equal(["failed", "handled"], await host.OutcomesAsync(2));
        Assert.Contains("[MessageType(\"job.strange\")]", Assert.Single(host.Log), StringComparison.Ordinal);
    }

    /// <summary>Hides from the check at start what it stands before.</summary>
    private sealed class Hides(IApplication application) : IApplication
    {
        public Task RunAsync(Scope scope, IConnection connection) => application.RunAsync(scope, connection);
    }

    // CH-261
    [Fact]
    public async Task A_channel_whose_missing_application_only_its_messages_show_is_an_error_for_each_and_the_worker_lives()
    {
        var router = new ChannelNameRouter { ["jobs"] = Consumer.For<Notes>() };
        await using var host = await WorkerHost.StartAsync(channels => channels.AddWorker("others", new Hides(router)).AddWorker("jobs", new Hides(router)));
        await host.SendAsync("others", "1");
        await host.SendAsync("others", "2");
        Assert.Equal(["failed", "failed"], await host.OutcomesAsync(2));
        Assert.All(host.Log, line => Assert.Contains("no application for the channel \"others\". Expected one of \"jobs\"", line, StringComparison.Ordinal));
        Assert.Equal(2, host.Log.Count);
        await host.SendAsync("jobs", "still here");
        Assert.Equal("still here", await host.Journal.ReadAsync());
    }

    private sealed class Tells(Journal journal) : WorkerConsumer, IHandle<Job>
    {
        public Task HandleAsync(Job message)
        {
            journal.Note($"{message.Name} {Scope.Items["shop"]}");
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Middleware_stands_before_a_worker_as_before_any_application_and_one_root_serves_all()
    {
        var root = new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter { ["msg/"] = new At("msg") },
            Channel = new ChannelNameRouter { ["jobs"] = Consumer.For<Tells>() }.WithMiddleware((scope, connection, next) =>
                next.RunAsync(scope with { Items = scope.Items.SetItem("shop", "tea") }, connection)),
        };
        await using var host = await WorkerHost.StartAsync(channels => channels.AddWorker(root));
        await host.SendAsync("jobs", "sell");
        Assert.Equal("sell tea", await host.Journal.ReadAsync());
    }

    private sealed class Names : WorkerConsumer, IHandle<Job>
    {
        public Task HandleAsync(Job message) => GroupAddAsync(message.Name);
    }

    private sealed class Socket : WebSocketConsumer, IHandle<Job>
    {
        public Task HandleAsync(Job message) => Task.CompletedTask;
    }

    [Fact]
    public async Task What_a_worker_cannot_do_is_told_with_what_to_write_instead()
    {
        await using var host = await WorkerHost.StartAsync(channels => channels.AddWorker<Names>("named").AddWorker("sockets", Consumer.For<Socket>()));
        await host.SendAsync("named", "room");
        await host.SendAsync("sockets", "x");
        Assert.Equal(["failed", "failed"], await host.OutcomesAsync(2));
        Assert.Contains(host.Log, line => line.Contains("Let the message say who gets the answer", StringComparison.Ordinal));
        Assert.Contains(host.Log, line => line.Contains("serves WebSockets and got a WorkerReceive", StringComparison.Ordinal));

        var scope = new Scope { Type = Scope.WebSocket, Services = host.Services };
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => Consumer.For<Names>().RunAsync(scope, new RecordedConnection()));
        Assert.Contains(".AddWorker<Names>(\"channel\")", fault.Message, StringComparison.Ordinal);
    }

    private sealed class Answers([FromKeyedServices("jobs")] IChannelLayer jobs) : WorkerConsumer, IHandle<Job>
    {
        public Task HandleAsync(Job message) => SendAsync(message.ReplyTo, message with { Name = $"{message.Name}, {(Layer == jobs ? "jobs" : "default")}" });
    }

    [Fact]
    public async Task A_worker_takes_from_the_layer_of_its_options_and_answers_over_the_default_layer()
    {
        await using var host = await WorkerHost.StartAsync(
            channels => channels.AddWorker<Answers>("jobs", options => options.Layer = "jobs"), [("jobs:Backend", "InMemory")]);
        await using var asker = await host.Layer.NewChannelAsync();
        await host.Services.GetRequiredKeyedService<IChannelLayer>("jobs").SendAsync("jobs", new Job("done", asker.Name));
        using var patience = new CancellationTokenSource(WorkerHost.Patience);
        Assert.Equal("done, default", ((Job)await asker.ReadAsync(patience.Token)).Name);
    }

    [Fact]
    public async Task A_console_program_runs_a_worker_without_a_web_server()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection([new("ChannelLayers:jobs:Backend", "InMemory")]);
        builder.Services.AddChannels(builder.Configuration).AddMessage<Job>().AddWorker<Answers>("jobs");
        using var host = builder.Build();
        await host.StartAsync();
        Assert.Null(host.Services.GetService<IServer>());
        var layer = host.Services.GetRequiredService<IChannelLayer>();
        await using var asker = await layer.NewChannelAsync();
        await layer.SendAsync("jobs", new Job("done", asker.Name));
        using var patience = new CancellationTokenSource(WorkerHost.Patience);
        Assert.Equal("done, default", ((Job)await asker.ReadAsync(patience.Token)).Name);
        await host.StopAsync();
    }

    [Fact]
    public async Task A_worker_needs_no_more_than_the_layers()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        var journal = new Journal();
        builder.Services.AddSingleton(journal);
        builder.Services.AddChannelLayers().AddMessage<Job>().AddWorker<Notes>("jobs");
        using var host = builder.Build();
        await host.StartAsync();
        await host.Services.GetRequiredService<IChannelLayer>().SendAsync("jobs", new Job("done"));
        Assert.Equal("done", await journal.ReadAsync());
        await host.StopAsync();
    }

    /// <summary>Gives what its client says to a worker, and the worker's answer to the client.</summary>
    private sealed class Asks : WebSocketConsumer, IHandle<Job>
    {
        protected override Task ReceiveAsync(string text) => SendAsync("jobs", new Job(text, ChannelName));

        public Task HandleAsync(Job message) => SendTextAsync(message.Name);
    }

    private sealed class Shouts : WorkerConsumer, IHandle<Job>
    {
        public Task HandleAsync(Job message) => SendAsync(message.ReplyTo, new Job(message.Name.ToUpperInvariant()));
    }

    [Fact]
    public async Task A_worker_in_the_web_process_answers_a_websocket()
    {
        await using var server = await TestServer.StartAsync(
            Consumer.For<Asks>(), services => services.AddChannelLayers().AddMessage<Job>().AddWorker<Shouts>("jobs"));
        using var client = await server.ConnectAsync();
        await client.SendAsync("hello");
        Assert.Equal("HELLO", await client.ReceiveAsync());
    }

    [Fact]
    public async Task A_layer_that_fails_is_asked_again_after_5_seconds()
    {
        var time = new SteppedTimeProvider(DateTimeOffset.UnixEpoch);
        var layer = new StubLayer { Fault = new InvalidOperationException("not now") };
        await using var host = await WorkerHost.StartAsync(
            channels => channels.AddWorker<Notes>("jobs"), time: time, services: layer.AsDefault());
        await layer.WhenAskedAsync();
        await time.WhenWaitedOnAsync();
        Assert.Contains("trying again in 5 s not now", Assert.Single(host.Log), StringComparison.Ordinal);
        layer.Fault = null;
        layer.Put(new Job("after all"));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("after all", await host.Journal.ReadAsync());
    }
}
