using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ChannelsNet;

public sealed class TestChannelsTests
{
    private sealed class Subscribes : WebSocketConsumer, IHandle<Note>
    {
        protected override IReadOnlyList<string> Groups => ["notes"];

        public Task HandleAsync(Note message) => SendJsonAsync(message);

        protected override Task ReceiveAsync(string text) => SendAsync(text, new Note($"to {text}"));
    }

    [Fact] // CH-177
    public async Task The_members_of_a_group_are_known_and_gone_when_their_connections_have_ended()
    {
        await using var channels = TestChannels.Create(channels => channels.AddMessage<Note>());
        Assert.Empty(channels.MembersOf("notes"));
        await using var ann = channels.WebSocket(Consumer.For<Subscribes>());
        await using var bob = channels.WebSocket(Consumer.For<Subscribes>());
        await ann.ConnectAsync();
        await bob.ConnectAsync();
        Assert.Equal(2, channels.MembersOf("notes").Count);
        await channels.Layer.GroupSendAsync("notes", new Note("all"));
        Assert.Equal(new Note("all"), await ann.ReceiveJsonAsync<Note>());
        Assert.Equal(new Note("all"), await bob.ReceiveJsonAsync<Note>());
        await ann.DisconnectAsync();
        Assert.Single(channels.MembersOf("notes"));
        await bob.DisconnectAsync(1006);
        Assert.Empty(channels.MembersOf("notes"));
        Assert.Throws<ArgumentException>(() => channels.MembersOf("no such name"));
    }

    [Fact]
    public async Task A_test_is_a_member_too_and_hears_what_is_sent_to_its_channel_alone()
    {
        await using var channels = TestChannels.Create(channels => channels.AddMessage<Note>().AddMessage<Tick>());
        var member = await channels.JoinAsync("notes", "others");
        Assert.Equal([member.ChannelName], channels.MembersOf("others"));
        await using var ann = channels.WebSocket(Consumer.For<Subscribes>());
        await ann.ConnectAsync();
        await member.ReceiveNothingAsync();
        await ann.SendTextAsync(member.ChannelName);
        Assert.Equal(new Note($"to {member.ChannelName}"), await member.ReceiveAsync<Note>());

        await channels.Layer.GroupSendAsync("others", new Note("one"));
        await channels.Layer.GroupSendAsync("others", new Note("two"));
        Assert.Equal("Expected a Tick; got Note { Text = one }.", (await Assert.ThrowsAsync<UnexpectedEventException>(member.ReceiveAsync<Tick>)).Message);
        Assert.Equal("Expected no message; got Note { Text = two }.", (await Assert.ThrowsAsync<UnexpectedEventException>(member.ReceiveNothingAsync)).Message);
        channels.Timeout = TimeSpan.FromMilliseconds(20);
        await Assert.ThrowsAsync<TimeoutException>(member.ReceiveAsync<Note>);
        await member.DisposeAsync();
        Assert.Empty(channels.MembersOf("others"));
    }

    [Fact]
    public async Task Layers_have_names_and_options_and_are_in_memory_whatever_the_configuration_says()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ChannelLayers:default:Backend"] = "RedisPubSub",
            ["ChannelLayers:default:Sharded"] = "true",
        }).Build();
        await using var channels = TestChannels.Create(
            channels =>
            {
                channels.AddMessage<Note>().Services.AddChannels(configuration);
                channels.Services.Configure<ChannelLayerOptions>("alerts", options => options.Capacity = 1);
            },
            "alerts");
        await channels.StartAsync();
        await channels.Layer.SendAsync("one", new Note("x"));
        Assert.Equal(new Note("x"), await channels.Layer.ReceiveAsync("one"));
        var alerts = channels.Services.GetRequiredKeyedService<IChannelLayer>("alerts");
        await alerts.SendAsync("one", new Note("x"));
        await Assert.ThrowsAsync<ChannelFullException>(() => alerts.SendAsync("one", new Note("y")).AsTask());
        await alerts.GroupAddAsync("few", "one");
        Assert.Equal(["one"], channels.MembersOf("few", "alerts"));
        Assert.Empty(channels.MembersOf("few"));
    }

    [Fact]
    public async Task Messages_expire_by_the_clock_of_the_test()
    {
        await using var channels = TestChannels.Create(channels => channels.AddMessage<Note>());
        await using var member = await channels.JoinAsync("notes");
        await channels.Layer.GroupSendAsync("notes", new Note("old"));
        await channels.AdvanceAsync(TimeSpan.FromSeconds(60), waiting: 0);
        await channels.Layer.GroupSendAsync("notes", new Note("new"));
        Assert.Equal(new Note("new"), await member.ReceiveAsync<Note>());
    }

    private abstract class Hourly(string group) : PeriodicProducer
    {
        protected override TimeSpan Period => TimeSpan.FromHours(1);

        protected override Task ProduceAsync(DateTimeOffset due, CancellationToken stopping) => GroupSendAsync(group, new Note($"{due:HH}"));
    }

    private sealed class Chimes() : Hourly("chimes");

    private sealed class News() : Hourly("news");

    private sealed class Daily : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            // Waits for nothing.
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_producer_produces_when_the_clock_is_moved()
    {
        await using var channels = TestChannels.Create(channels =>
        {
            channels.AddMessage<Note>().AddProducer<Chimes>().AddProducer<News>();
            channels.Services.AddHostedService<Daily>();
        });
        await using var chimes = await channels.JoinAsync("chimes");
        await using var news = await channels.JoinAsync("news");
        await channels.StartAsync();
        for (var hour = 1; hour <= 20; hour++)
        {
            await channels.AdvanceAsync(TimeSpan.FromHours(1), waiting: 2);
            Assert.Equal(new Note($"{hour:00}"), await chimes.ReceiveAsync<Note>());
            Assert.Equal(new Note($"{hour:00}"), await news.ReceiveAsync<Note>());
        }

        channels.Timeout = TimeSpan.FromMilliseconds(20);
        var fault = await Assert.ThrowsAsync<TimeoutException>(() => channels.AdvanceAsync(TimeSpan.FromHours(1), waiting: 3));
        Assert.Contains("Expected 3 to wait for the clock, within 0.02 s; 2 do.", fault.Message, StringComparison.Ordinal);
    }

    private sealed class Counted(Count count, Visit visit) : WebSocketConsumer, IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Task.Yield();
            count.Disposed++;
        }

        protected override Task ReceiveAsync(string text) => SendTextAsync($"{++visit.Times} {++count.Received}");
    }

    private sealed class Count
    {
        public int Received { get; set; }

        public int Disposed { get; set; }
    }

    private sealed class Visit
    {
        public int Times { get; set; }
    }

    [Fact] // CH-148
    public async Task Each_connection_has_its_own_consumer_and_service_scope()
    {
        await using var channels = TestChannels.Create(channels => channels.Services.AddSingleton<Count>().AddScoped<Visit>());
        await using var ann = channels.WebSocket(Consumer.For<Counted>());
        await using var bob = channels.WebSocket(Consumer.For<Counted>());
        await ann.ConnectAsync();
        await bob.ConnectAsync();
        await ann.SendTextAsync("");
        Assert.Equal("1 1", await ann.ReceiveTextAsync());
        await bob.SendTextAsync("");
        Assert.Equal("1 2", await bob.ReceiveTextAsync());
        await ann.SendTextAsync("");
        Assert.Equal("2 3", await ann.ReceiveTextAsync());
        await ann.DisconnectAsync();
        Assert.Equal(1, channels.Services.GetRequiredService<Count>().Disposed);
    }

    private static readonly AsyncLocal<string> _ambient = new();

    private sealed class Ambient : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync($"{_ambient.Value}|{SynchronizationContext.Current}");
    }

    [Fact]
    public async Task Nothing_of_the_test_flows_into_an_application()
    {
        await using var channels = TestChannels.Create();
        _ambient.Value = "of the test";
        await using var client = channels.WebSocket(Consumer.For<Ambient>());
        await client.ConnectAsync();
        await client.SendTextAsync("");
        Assert.Equal("|", await client.ReceiveTextAsync());
    }
}
