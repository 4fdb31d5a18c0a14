using ChannelsNet.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet;

/// <summary>What every consumer has: its messages, its own object, its arguments, its layer.</summary>
public sealed class ConsumerTests
{
    private readonly Diary _diary = new();

    [MessageType("test.second.note")]
    private sealed record SecondNote(string Text) : Message;

    private sealed class HandlesTwo : WebSocketConsumer, IHandle<Note>, IHandle<SecondNote>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        public Task HandleAsync(Note message) => SendTextAsync($"first {message.Text}");

        public Task HandleAsync(SecondNote message) => SendTextAsync($"second {message.Text}");
    }

    // CH-142
    [Fact]
    public async Task A_message_reaches_the_handler_of_its_type()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<HandlesTwo>(), AddSecondNote);
        using var client = await server.ConnectAsync();
        await server.Layer.GroupSendAsync("room", new SecondNote("b"));
        await server.Layer.GroupSendAsync("room", new Note("a"));
        Assert.Equal("second b", await client.ReceiveAsync());
        Assert.Equal("first a", await client.ReceiveAsync());
    }

    private sealed class HandlesPrivately(Diary diary) : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        public Task HandleAsync(Note message) => Task.CompletedTask;

        // The name and the shape of a handler, and not in the header.
        private Task HandleAsync(SecondNote message)
        {
            diary.Note($"handled {message.Text}");
            return Task.CompletedTask;
        }

        protected override Task ReceiveAsync(string text) => HandleAsync(new SecondNote(text));
    }

    // CH-144, CH-146
    [Fact]
    public async Task A_method_that_is_not_in_the_header_is_not_called_by_the_layer_and_the_fault_names_the_message()
    {
        await using var server = await TestServer.StartAsync(
            Consumer.For<HandlesPrivately>(), services => AddSecondNote(services.AddSingleton(_diary)));
        using var client = await server.ConnectAsync();
        await client.SendAsync("by itself");
        Assert.Equal("handled by itself", await _diary.NextAsync());
        await server.Layer.GroupSendAsync("room", new SecondNote("by the layer"));
        Assert.StartsWith("close 1011", await client.ReceiveAsync(), StringComparison.Ordinal);
        Assert.Contains(nameof(SecondNote), Assert.Single(server.Errors), StringComparison.Ordinal);
        Assert.True(_diary.IsEmpty);
    }

    private sealed class JoinsTooLate(Diary diary) : WebSocketConsumer
    {
        protected override async Task DisconnectAsync(int code)
        {
            await GroupAddAsync("room");
            await GroupDiscardAsync("hall");
            diary.Note("disconnected");
        }
    }

    [Fact]
    public async Task A_consumer_that_joins_a_group_after_its_end_is_not_a_member_and_gets_no_error()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<JoinsTooLate>(), services => services.AddSingleton(_diary));
        using var client = await server.ConnectAsync();
        client.Abort();
        Assert.Equal("disconnected", await _diary.NextAsync());
        Assert.Empty(server.Local.MembersOf("room"));
        Assert.Equal(0, server.Local.GroupCount);
        Assert.Empty(server.Errors);
    }

    private sealed class Remembers : WebSocketConsumer
    {
        private readonly List<string> _texts = [];

        protected override Task ReceiveAsync(string text)
        {
            _texts.Add(text);
            return SendTextAsync($"{Scope.RouteValues["name"]}: {string.Join(" ", _texts)}");
        }
    }

    // CH-148
    [Fact]
    public async Task Each_connection_of_a_route_has_an_object_and_a_scope_of_its_own()
    {
        await using var server = await TestServer.StartAsync(app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter { ["{name}/"] = Consumer.For<Remembers>() },
        }));
        using var first = await server.ConnectAsync("/first/");
        using var second = await server.ConnectAsync("/second/");
        await second.SendAsync("a");
        Assert.Equal("second: a", await second.ReceiveAsync());
        await first.SendAsync("b");
        Assert.Equal("first: b", await first.ReceiveAsync());
        await second.SendAsync("c");
        Assert.Equal("second: a c", await second.ReceiveAsync());
    }

    private sealed class Takes(Diary diary, string shop, int limit) : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text)
        {
            diary.Note(text);
            return SendTextAsync($"{shop} {limit}");
        }
    }

    // CH-149
    [Fact]
    public async Task Arguments_given_at_routing_reach_each_object_beside_services()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Takes>(7, "tea"), services => services.AddSingleton(_diary));
        for (var i = 0; i < 2; i++)
        {
            using var client = await server.ConnectAsync();
            await client.SendAsync("what?");
            Assert.Equal("tea 7", await client.ReceiveAsync());
            Assert.Equal("what?", await _diary.NextAsync());
        }
    }

    // CH-149
    [Fact]
    public async Task Arguments_that_no_constructor_takes_and_services_that_are_missing_are_told_at_the_start()
    {
        var wrong = Assert.Throws<ArgumentException>(() => Consumer.For<Takes>("tea", 7, 8));
        Assert.Contains("(String, Int32, Int32)", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("Argument 2", Assert.Throws<ArgumentException>(() => Consumer.For<Takes>("tea", null!)).Message, StringComparison.Ordinal);

        var missing = await Assert.ThrowsAsync<InvalidOperationException>(
            () => TestServer.StartAsync(Consumer.For<Takes>("tea"), services => services.AddSingleton(_diary)));
        Assert.Contains("needs \"limit\"", missing.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\"diary\"", missing.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\"shop\"", missing.Message, StringComparison.Ordinal);
    }

    [ChannelLayer("alerts")]
    private sealed class OnAlerts : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            await SendTextAsync(ChannelName);
        }

        public Task HandleAsync(Note message) => SendTextAsync(message.Text);
    }

    // CH-151
    [Fact]
    public async Task A_consumer_can_be_on_another_layer()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<OnAlerts>(), services => services.AddChannels(
            new ConfigurationBuilder().AddInMemoryCollection([new("ChannelLayers:alerts:Backend", "InMemory")]).Build()));
        var alerts = server.App.Services.GetRequiredKeyedService<IChannelLayer>("alerts");
        using var client = await server.ConnectAsync();
        var channel = await client.ReceiveAsync();
        await server.Layer.GroupSendAsync("room", new Note("to the default layer"));
        await alerts.SendAsync(channel, new Note("to the channel"));
        await alerts.GroupSendAsync("room", new Note("to the group"));
        Assert.Equal("to the channel", await client.ReceiveAsync());
        Assert.Equal("to the group", await client.ReceiveAsync());
        Assert.Equal(0, server.Local.ChannelCount);
    }

    // CH-150, where we differ: a name that is not there is a fault, not a consumer without a layer.
    [Fact]
    public async Task A_layer_that_does_not_exist_is_told_at_the_start()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(Consumer.For<OnAlerts>()));
        Assert.Contains("ChannelLayers:alerts", fault.Message, StringComparison.Ordinal);
    }

    private sealed class Stops(Diary diary) : WebSocketConsumer
    {
        protected internal override async Task<bool> DispatchAsync(ClientEvent clientEvent) =>
            await base.DispatchAsync(clientEvent) && clientEvent is not WebSocketReceive { Text: "stop" };

        protected override Task DisconnectAsync(int code)
        {
            diary.Note("disconnect");
            return Task.CompletedTask;
        }
    }

    // CH-154
    [Fact]
    public async Task A_consumer_that_says_that_it_is_done_ends_without_an_error()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Stops>(), services => services.AddSingleton(_diary));
        using var client = await server.ConnectAsync();
        await client.SendAsync("go on");
        await client.SendAsync("stop");
        Assert.Equal("close 1000", await client.ReceiveAsync());
        Assert.Equal("disconnect", await _diary.NextAsync());
        Assert.Empty(server.Errors);
    }

    private sealed class Hooked(Diary diary) : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            await SendTextAsync("welcome");
        }

        protected override Task ReceiveAsync(string text) => NoteAsync(text);

        public Task HandleAsync(Note message) => NoteAsync(message.Text);

        protected override Task DisconnectAsync(int code) => NoteAsync("disconnected");

        protected internal override Task<bool> DispatchAsync(ClientEvent clientEvent)
        {
            diary.Note($"before {clientEvent.GetType().Name}");
            return base.DispatchAsync(clientEvent);
        }

        protected internal override Task DispatchAsync(Message message)
        {
            diary.Note($"before {message.GetType().Name}");
            return base.DispatchAsync(message);
        }

        private Task NoteAsync(string entry)
        {
            diary.Note(entry);
            return Task.CompletedTask;
        }
    }

    // CH-160
    [Fact]
    public async Task What_is_to_be_done_at_every_event_stands_in_DispatchAsync()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Hooked>(), services => services.AddSingleton(_diary));
        using var client = await server.ConnectAsync();
        Assert.Equal("before WebSocketConnect", await _diary.NextAsync());
        Assert.Equal("welcome", await client.ReceiveAsync());
        await client.SendAsync("text");
        Assert.Equal("before WebSocketReceive", await _diary.NextAsync());
        Assert.Equal("text", await _diary.NextAsync());
        await server.Layer.GroupSendAsync("room", new Note("note"));
        Assert.Equal("before Note", await _diary.NextAsync());
        Assert.Equal("note", await _diary.NextAsync());
        await client.CloseAsync();
        Assert.Equal("before WebSocketDisconnect", await _diary.NextAsync());
        Assert.Equal("disconnected", await _diary.NextAsync());
        Assert.True(_diary.IsEmpty);
    }

    private sealed class Survives : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override Task ReceiveAsync(string text) => text == "throw" ? throw new InvalidOperationException("by its client") : SendTextAsync(text);

        public Task HandleAsync(Note message) => throw new InvalidOperationException("by the layer");

        protected internal override async Task<bool> DispatchAsync(ClientEvent clientEvent)
        {
            try
            {
                return await base.DispatchAsync(clientEvent);
            }
            catch (InvalidOperationException fault)
            {
                await SendTextAsync($"failed {fault.Message}");
                return true;
            }
        }

        protected internal override async Task DispatchAsync(Message message)
        {
            try
            {
                await base.DispatchAsync(message);
            }
            catch (InvalidOperationException fault)
            {
                await SendTextAsync($"failed {fault.Message}");
            }
        }
    }

    [Fact]
    public async Task A_consumer_can_tell_its_client_of_a_fault_and_go_on()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Survives>());
        using var client = await server.ConnectAsync();
        await client.SendAsync("throw");
        Assert.Equal("failed by its client", await client.ReceiveAsync());
        await server.Layer.GroupSendAsync("room", new Note("hello"));
        Assert.Equal("failed by the layer", await client.ReceiveAsync());
        await client.SendAsync("still here");
        Assert.Equal("still here", await client.ReceiveAsync());
        Assert.Empty(server.Errors);
    }

    private sealed class Counts : WebSocketConsumer
    {
        private int _count;

        protected override Task ReceiveAsync(string text) => SendTextAsync($"{++_count} {text}");
    }

    /// <summary>Gives each event at once, or after others have had their turn.</summary>
    private sealed class Awaited(bool atOnce, params string[] texts) : IConnection
    {
        private readonly Queue<ClientEvent> _events = new([new WebSocketConnect(), .. texts.Select(text => new WebSocketReceive(text)), new WebSocketDisconnect(1001)]);

        public List<string> Sent { get; } = [];

        public ValueTask<ClientEvent> ReceiveAsync() => atOnce ? new(_events.Dequeue()) : LaterAsync();

        public async ValueTask SendAsync(ServerEvent serverEvent)
        {
            if (!atOnce)
            {
                await Task.Yield();
            }

            Sent.Add(serverEvent is WebSocketSend send ? System.Text.Encoding.UTF8.GetString(send.Payload.Span) : serverEvent.GetType().Name);
        }

        private async ValueTask<ClientEvent> LaterAsync()
        {
            await Task.Yield();
            return _events.Dequeue();
        }
    }

    // CH-159
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_may_answer_at_once_or_later(bool atOnce)
    {
        await using var server = await TestServer.StartAsync(new At("nothing"));
        var connection = new Awaited(atOnce, "a", "b");
        await Consumer.For<Counts>().RunAsync(new Scope { Type = Scope.WebSocket, Services = server.App.Services }, connection).WaitAsync(TestServer.Patience);
        Assert.Equal(["WebSocketAccept", "1 a", "2 b"], connection.Sent);
    }

    private static void AddSecondNote(IServiceCollection services) => services.AddChannels().AddMessage<SecondNote>();
}
