using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Workers;

/// <summary>What is refused before the first message.</summary>
public sealed class WorkerOptionsTests
{
    [MessageType("test.unadded")]
    private sealed record Unadded : Message;

    private sealed class Forgets : WorkerConsumer, IHandle<Job>, IHandle<Unadded>
    {
        public Task HandleAsync(Job message) => Task.CompletedTask;

        public Task HandleAsync(Unadded message) => Task.CompletedTask;
    }

    // CH-262
    [Fact]
    public async Task All_faults_of_a_worker_are_told_at_start_at_once()
    {
        await using var host = WorkerHost.Create(
            channels => channels.AddWorker<Forgets>("jobs", options =>
            {
                options.Layer = "nowhere";
                options.Concurrency = 0;
                options.Prefetch = -1;
            }),
            [("queues:Backend", "InMemory")]);
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);
        Assert.Equal(4, fault.Failures.Count());
        Assert.All(fault.Failures, failure => Assert.StartsWith("Worker of the channel \"jobs\": ", failure, StringComparison.Ordinal));
        Assert.Contains("Concurrency is 0; expected 1 to 10000.", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Prefetch is -1; expected 0 to 10000 messages.", fault.Message, StringComparison.Ordinal);
        Assert.Contains(
            "Layer is \"nowhere\", which does not exist; expected one of \"queues\", \"default\", or add ChannelLayers:nowhere",
            fault.Message,
            StringComparison.Ordinal);
        Assert.Contains(".AddMessage<Unadded>()", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Faults_of_several_workers_and_of_the_layers_come_together()
    {
        await using var host = WorkerHost.Create(
            channels => channels.AddWorker<Forgets>("a").AddWorker<Notes>("b", options => options.Concurrency = -1), [("default:Capacity", "0")]);
        var fault = await Assert.ThrowsAsync<AggregateException>(host.StartAsync);
        foreach (var part in new[] { "\"a\"", "\"b\"", "ChannelLayers:default:Capacity is 0" })
        {
            Assert.Contains(part, fault.Message, StringComparison.Ordinal);
        }
    }

    // CH-115
    [Theory]
    [InlineData("default")]
    [InlineData("other")]
    public async Task Publish_and_subscribe_is_refused_since_every_worker_would_get_every_message(string layer)
    {
        await using var host = WorkerHost.Create(
            channels => channels.AddWorker<Notes>("jobs", options => options.Layer = layer), [($"{layer}:Backend", "RedisPubSub")]);
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);
        Assert.Contains($"Layer \"{layer}\" has the back-end RedisPubSub", fault.Message, StringComparison.Ordinal);
        Assert.Contains("\"Backend\": \"Redis\"", fault.Message, StringComparison.Ordinal);
    }

    // CH-261
    [Fact]
    public async Task A_router_without_the_channel_is_refused()
    {
        var router = new ChannelNameRouter { ["jobs"] = Consumer.For<Notes>() }.WithMiddleware((scope, connection, next) => next.RunAsync(scope, connection));
        await using var host = WorkerHost.Create(channels => channels.AddWorker("others", router));
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);
        Assert.Contains("\"others\": The router has no application for it. Expected one of \"jobs\".", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forgotten_message_is_found_behind_routers_and_middleware()
    {
        var root = new ProtocolTypeRouter
        {
            Channel = new ChannelNameRouter { ["jobs"] = Consumer.For<Forgets>().WithMiddleware((scope, connection, next) => next.RunAsync(scope, connection)) },
        };
        await using var host = WorkerHost.Create(channels => channels.AddWorker(root));
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);
        Assert.Contains(".AddMessage<Unadded>()", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_can_be_set_for_one_worker_and_for_all()
    {
        await using var host = WorkerHost.Create(channels =>
        {
            channels.Services.ConfigureAll<WorkerOptions>(options => options.Concurrency = 4);
            channels.AddWorker<Notes>("a").AddWorker<Notes>("b", options => options.Prefetch = 1);
            channels.Services.Configure<WorkerOptions>("b", options => options.Concurrency = 2);
        });
        var options = host.Services.GetRequiredService<IOptionsMonitor<WorkerOptions>>();
        Assert.Equal((4, 0, "default"), (options.Get("a").Concurrency, options.Get("a").Prefetch, options.Get("a").Layer));
        Assert.Equal((2, 1, "default"), (options.Get("b").Concurrency, options.Get("b").Prefetch, options.Get("b").Layer));
    }

    // CH-262
    [Fact]
    public void What_is_no_channel_for_a_worker_is_refused_where_it_is_written()
    {
        var channels = new ServiceCollection().AddChannels();
        Assert.Contains("\"a b\"", Refused(() => channels.AddWorker<Notes>("a b")), StringComparison.Ordinal);
        Assert.Contains("without '!'", Refused(() => channels.AddWorker<Notes>("specific.x!y")), StringComparison.Ordinal);
        Assert.Contains("names no channel", Refused(() => channels.AddWorker(new ChannelNameRouter())), StringComparison.Ordinal);
        Assert.Contains("names no channel", Refused(() => channels.AddWorker(new ProtocolTypeRouter())), StringComparison.Ordinal);
        Assert.Contains("AddWorker(\"thumbnails\", application)", Refused(() => channels.AddWorker(Consumer.For<Notes>())), StringComparison.Ordinal);
        channels.AddWorker<Notes>("jobs");
        Assert.Contains("Concurrency", Refused(() => channels.AddWorker<Notes>("jobs")), StringComparison.Ordinal);
    }

    private static string Refused(Action add) => Assert.ThrowsAny<ArgumentException>(add).Message;
}
