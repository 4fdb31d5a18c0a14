using ChannelsNet.Http;

namespace ChannelsNet.Running;

/// <summary>Every client gets what its consumer sent at that moment: never an earlier state of the same object, never another client's.</summary>
public sealed class ForeignDataTests
{
    private const int Clients = 8;

    private sealed class Counter
    {
        public int Count { get; set; }
    }

    private sealed class SendsOneObjectThreeTimes : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        public async Task HandleAsync(Note message)
        {
            var counter = new Counter();
            var list = new List<int>();
            object boxed = 0;
            for (var i = 1; i <= 3; i++)
            {
                (counter.Count, boxed) = (i, i);
                list.Add(i);
                await SendJsonAsync(counter);
                await SendJsonAsync(list);
                await SendJsonAsync(boxed);
            }
        }
    }

    [Fact]
    public async Task An_object_that_is_changed_between_two_sends_is_written_as_it_is_at_each()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<SendsOneObjectThreeTimes>());
        using var client = await server.ConnectAsync();
        await WhenMembersAsync(server, 1);
        await server.Layer.GroupSendAsync("room", new Note("hello"));
        foreach (var expected in (string[])["""{"count":1}""", "[1]", "1", """{"count":2}""", "[1,2]", "2", """{"count":3}""", "[1,2,3]", "3"])
        {
            Assert.Equal(expected, await client.ReceiveAsync());
        }
    }

    private sealed class Balance
    {
        public string Owner { get; set; } = "";
    }

    private sealed class FillsASharedObject(Balance shared) : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        public Task HandleAsync(Note message)
        {
            lock (shared)
            {
                shared.Owner = Scope.Query["user"]!;
                return SendJsonAsync(shared);
            }
        }
    }

    [Fact]
    public async Task An_object_that_all_consumers_fill_and_send_brings_each_client_its_own_data()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<FillsASharedObject>(new Balance()));
        var clients = new List<WebSocketClient>();
        for (var i = 0; i < Clients; i++)
        {
            clients.Add(await server.ConnectAsync($"/ws/?user={i}"));
        }

        await WhenMembersAsync(server, Clients);
        await server.Layer.GroupSendAsync("room", new Note("hello"));
        for (var i = 0; i < Clients; i++)
        {
            Assert.Equal($$"""{"owner":"{{i}}"}""", await clients[i].ReceiveAsync());
            clients[i].Dispose();
        }
    }

    private sealed class StreamsASharedObject(Balance shared) : HttpConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => StartEventsAsync();

        public async Task HandleAsync(Note message)
        {
            for (var i = 1; i <= 2; i++)
            {
                Task sending;
                lock (shared)
                {
                    shared.Owner = $"{Scope.Query["user"]} {i}";
                    sending = SendJsonEventAsync(shared);
                }

                await sending;
            }
        }
    }

    [Fact]
    public async Task A_stream_of_events_brings_each_client_its_own_data_as_it_is_at_each_send()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<StreamsASharedObject>(new Balance()));
        using var client = new Client(server);
        var answers = await Task.WhenAll(Enumerable.Range(0, Clients).Select(i => client.GetAsync($"/http/?user={i}")));
        await server.Layer.GroupSendAsync("room", new Note("hello"));
        for (var i = 0; i < Clients; i++)
        {
            Assert.Equal($$"""data: {"owner":"{{i}} 1"}""", await answers[i].EventAsync());
            Assert.Equal($$"""data: {"owner":"{{i}} 2"}""", await answers[i].EventAsync());
            answers[i].Dispose();
        }
    }

    private sealed class RespondsWithASharedObject(Balance shared) : HttpConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => Task.CompletedTask;

        public Task HandleAsync(Note message)
        {
            lock (shared)
            {
                shared.Owner = Scope.Query["user"]!;
                return RespondJsonAsync(shared);
            }
        }
    }

    [Fact]
    public async Task A_long_poll_brings_each_client_its_own_data()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<RespondsWithASharedObject>(new Balance()));
        using var client = new Client(server);
        var answering = Enumerable.Range(0, Clients).Select(i => client.GetAsync($"/http/?user={i}")).ToArray();
        await WhenMembersAsync(server, Clients);
        await server.Layer.GroupSendAsync("room", new Note("hello"));
        for (var i = 0; i < Clients; i++)
        {
            using var answer = await answering[i].WaitAsync(TestServer.Patience);
            Assert.Equal($$"""{"owner":"{{i}}"}""", await answer.TextAsync());
        }
    }

    private static async Task WhenMembersAsync(TestServer server, int count)
    {
        using var patience = new CancellationTokenSource(TestServer.Patience);
        while (server.Local.MemberCount < count)
        {
            await Task.Delay(1, patience.Token);
        }
    }
}
