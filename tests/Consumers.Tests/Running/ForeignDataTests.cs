using System.Text;
using ChannelsNet.Http;
using Microsoft.Extensions.DependencyInjection;

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

    private record Base(string Text) : Message;

    [MessageType("test.priced")]
    private sealed record Priced(string Text, int Price, IReadOnlyList<string> Tags) : Base(Text);

    private struct Point
    {
        public int X { get; set; }
    }

    /// <summary>Sends everything that there is to send, and says before each what the client must get.</summary>
    private sealed class SendsEverything(Balance shared) : WebSocketConsumer, IHandle<Priced>
    {
        private static readonly string[] _texts = ["a", "b", "c", "d", "e", "f"];

        private readonly Dictionary<string, int> _own = [];
        private int _count;

        protected internal override IReadOnlyList<string> Groups => ["room"];

        public async Task HandleAsync(Priced message)
        {
            var client = (Recorder)Context.Connection;
            var name = $"{client.Number}-{++_count}";
            var price = message.Price;
            var json = $$"""{"price":{{price}},"tags":["{{message.Tags[0]}}"],"text":"{{message.Text}}"}""";
            await client.ExpectAsync(json, () => SendJsonAsync(message));
            await client.ExpectAsync($$"""{"text":"{{message.Text}}"}""", () => SendJsonAsync<Base>(message));
            await client.ExpectAsync(json, () => SendJsonAsync<object>(message));
            await client.ExpectAsync("{}", () => SendJsonAsync<Message>(message));
            await client.ExpectAsync(message.Text, () => SendTextAsync(message.Text));
            await client.ExpectAsync($"\"{message.Text}\"", () => SendJsonAsync(message.Text));
            await client.ExpectAsync($"\"{message.Text}\"", () => SendJsonAsync<object>(message.Text));
            await client.ExpectAsync($"text for {name}", () => SendTextAsync($"text for {name}"));
            await client.ExpectAsync(_texts[_count % 6], () => SendTextAsync(_texts[_count % 6]));
            await client.ExpectAsync($"{price}", () => SendJsonAsync(price));
            await client.ExpectAsync($"{price}", () => SendJsonAsync<object>(price));
            await client.ExpectAsync("null", () => SendJsonAsync<object?>(null));
            await client.ExpectAsync("null", () => SendJsonAsync<Base?>(null));
            await client.ExpectAsync($$"""{"price":{{price}}}""", () => SendJsonAsync(message, static priced => new { priced.Price }));
            await client.ExpectAsync($"\"{price}\"", () => SendJsonAsync(message, static priced => $"{priced.Price}"));
            await client.ExpectAsync($$"""{"name":"{{name}}"}""", () => SendJsonAsync(message, _ => new { name }));
            await client.ExpectAsync($$"""{"count":{{_count}}}""", () => SendJsonAsync(message, _ => new { Count = _count }));

            _own["sent"] = _count;
            await client.ExpectAsync($$"""{"sent":{{_count}}}""", () => SendJsonAsync(_own));
            _own["sent"] = -_count;
            await client.ExpectAsync($$"""{"sent":-{{_count}}}""", () => SendJsonAsync(_own));
            var point = new Point { X = _count };
            await client.ExpectAsync($$"""{"x":{{_count}}}""", () => SendJsonAsync(point));
            object boxed = point;
            await client.ExpectAsync($$"""{"x":{{_count}}}""", () => SendJsonAsync(boxed));
            await client.ExpectAsync($$"""{"price":1,"tags":[],"text":"{{name}}"}""", () => SendJsonAsync(message with { Text = name, Price = 1, Tags = [] }));
            await client.ExpectAsync($$"""{"price":2,"tags":["{{message.Tags[0]}}"],"text":"{{message.Text}}"}""", () => SendJsonAsync(message with { Price = 2 }));
            lock (shared)
            {
                shared.Owner = name;
                client.ExpectAsync($$"""{"owner":"{{name}}"}""", () => SendJsonAsync(shared)).GetAwaiter().GetResult();
            }
        }
    }

    [Fact]
    public async Task Whatever_many_consumers_send_at_once_each_client_gets_what_was_sent_to_it()
    {
        const int Messages = 50;
        var services = new ServiceCollection();
        services.AddLogging().AddChannels(configure: options => options.Capacity = Messages).AddMessage<Priced>();
        await using var provider = services.BuildServiceProvider();
        var application = Consumer.For<SendsEverything>(new Balance());
        var clients = Enumerable.Range(0, 16).Select(number => new Recorder(number)).ToArray();
        var running = clients.Select(client => application.RunAsync(new Scope { Type = Scope.WebSocket, Services = provider }, client)).ToArray();
        await Task.WhenAll(clients.Select(client => client.Accepted)).WaitAsync(TestServer.Patience);
        var layer = provider.GetRequiredService<IChannelLayer>();
        for (var i = 0; i < Messages; i++)
        {
            await layer.GroupSendAsync("room", new Priced($"text {i}", i, [$"tag {i}"]));
        }

        foreach (var client in clients)
        {
            await client.WhenExpectedAsync(Messages * 24);
            client.Leave();
        }

        await Task.WhenAll(running).WaitAsync(TestServer.Patience);
        Assert.All(clients, client => Assert.Equal(client.Expected, client.Sent));
    }

    /// <summary>A client that notes what it is to get, and what it gets.</summary>
    private sealed class Recorder(int number) : IConnection
    {
        private readonly TaskCompletionSource _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<ClientEvent> _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<string> _expected = [];
        private bool _hasAsked;

        public int Number => number;

        public Task Accepted => _accepted.Task;

        public List<string> Expected => _expected;

        public List<string> Sent { get; } = [];

        public async Task ExpectAsync(string text, Func<Task> send)
        {
            lock (_expected)
            {
                _expected.Add(text);
            }

            await send();
        }

        public async Task WhenExpectedAsync(int count)
        {
            using var patience = new CancellationTokenSource(TestServer.Patience);
            while (true)
            {
                lock (_expected)
                {
                    if (_expected.Count == count)
                    {
                        return;
                    }
                }

                await Task.Delay(1, patience.Token);
            }
        }

        public void Leave() => _left.SetResult(new WebSocketDisconnect(1000));

        public ValueTask<ClientEvent> ReceiveAsync()
        {
            if (_hasAsked)
            {
                return new(_left.Task);
            }

            _hasAsked = true;
            return new(new WebSocketConnect());
        }

        public ValueTask SendAsync(ServerEvent serverEvent)
        {
            if (serverEvent is WebSocketSend send)
            {
                Sent.Add(Encoding.UTF8.GetString(send.Payload.Span));
            }
            else
            {
                _accepted.TrySetResult();
            }

            return ValueTask.CompletedTask;
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
