namespace ChannelsNet;

// CH-271
public sealed class FaultTests
{
    private readonly TestChannels _channels = TestChannels.Create(channels => channels.AddMessage<Note>());

    private sealed class Breaks : WebSocketConsumer, IHandle<Note>
    {
        protected override IReadOnlyList<string> Groups => ["notes"];

        public Task HandleAsync(Note message) => throw new NotSupportedException("no notes");

        protected override async Task ReceiveAsync(string text)
        {
            await SendTextAsync("before");
            BreakTheCup(text);
            await SendTextAsync("after");
        }

        protected override Task DisconnectAsync(int code) => code == 3000 ? throw new NotSupportedException("no end") : Task.CompletedTask;

        private static void BreakTheCup(string text) => throw new InvalidDataException($"broken by {text}");
    }

    private async Task<WebSocketCommunicator> ConnectAsync()
    {
        var client = _channels.WebSocket(Consumer.For<Breaks>());
        await client.ConnectAsync();
        return client;
    }

    [Fact]
    public async Task What_a_handler_throws_is_thrown_by_each_later_call_with_its_own_stack()
    {
        await using var client = await ConnectAsync();
        await client.SendTextAsync("cat");
        Assert.Equal("before", await client.ReceiveTextAsync());
        var fault = await Assert.ThrowsAsync<InvalidDataException>(client.ReceiveTextAsync);
        Assert.Equal("broken by cat", fault.Message);
        Assert.Contains("BreakTheCup", fault.StackTrace, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidDataException>(client.ReceiveTextAsync);
        await Assert.ThrowsAsync<InvalidDataException>(client.ReceiveCloseAsync);
        await Assert.ThrowsAsync<InvalidDataException>(() => client.SendTextAsync("again"));
        await Assert.ThrowsAsync<InvalidDataException>(() => client.ReceiveNothingAsync());
        await Assert.ThrowsAsync<InvalidDataException>(client.WaitAsync);
        await Assert.ThrowsAsync<InvalidDataException>(() => client.DisconnectAsync());
    }

    [Fact]
    public async Task So_is_what_it_throws_over_a_message_of_the_layer()
    {
        await using var client = await ConnectAsync();
        await _channels.Layer.GroupSendAsync("notes", new Note("x"));
        var fault = await Assert.ThrowsAsync<NotSupportedException>(client.ReceiveTextAsync);
        Assert.Contains(nameof(Breaks.HandleAsync), fault.StackTrace, StringComparison.Ordinal);
        await Assert.ThrowsAsync<NotSupportedException>(client.WaitAsync);
        Assert.Empty(_channels.MembersOf("notes"));
    }

    [Fact]
    public async Task So_is_what_it_throws_when_its_connection_has_ended()
    {
        await using var client = await ConnectAsync();
        var fault = await Assert.ThrowsAsync<NotSupportedException>(() => client.DisconnectAsync(3000));
        Assert.Equal("no end", fault.Message);
    }

    [Fact]
    public async Task A_test_can_see_what_a_client_sees_of_it()
    {
        await using var client = await ConnectAsync();
        client.RaiseFaults = false;
        await client.SendTextAsync("cat");
        Assert.Equal("before", await client.ReceiveTextAsync());
        Assert.Equal(1011, (await client.ReceiveCloseAsync()).Code);
        await client.DisconnectAsync();
    }

    private sealed class Needs : WebSocketConsumer
    {
        public Needs() => throw new InvalidOperationException($"{nameof(FaultTests)} can't make it.");
    }

    [Fact]
    public async Task What_is_thrown_before_the_answer_fails_the_connect_or_is_a_500()
    {
        await using var client = _channels.WebSocket(Consumer.For<Needs>());
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(client.ConnectAsync);
        Assert.Contains(nameof(FaultTests), fault.Message, StringComparison.Ordinal);

        await using var other = _channels.WebSocket(Consumer.For<Needs>());
        other.RaiseFaults = false;
        Assert.Equal(500, (await other.ConnectAsync()).Status);
    }

    private sealed class Own : IApplication
    {
        public async Task RunAsync(Scope scope, IConnection connection)
        {
            await connection.ReceiveAsync();
            throw new InvalidDataException("own");
        }
    }

    [Fact]
    public async Task The_bare_communicator_throws_it_too()
    {
        await using var communicator = new ApplicationCommunicator(new Own(), new Scope { Type = Scope.WebSocket, Services = _channels.Services });
        await communicator.SendInputAsync(new WebSocketConnect());
        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => communicator.ReceiveOutputAsync());
        Assert.Contains(nameof(Own.RunAsync), fault.StackTrace, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidDataException>(() => communicator.SendInputAsync(new WebSocketReceive("x")));
        await Assert.ThrowsAsync<InvalidDataException>(communicator.WaitAsync);
    }

    private sealed class Patient : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => Task.Delay(Timeout.Infinite, Scope.Aborted);
    }

    [Fact]
    public async Task What_gives_up_since_its_client_has_gone_has_not_failed()
    {
        await using var client = _channels.WebSocket(Consumer.For<Patient>());
        await client.ConnectAsync();
        await client.SendTextAsync("wait");
        await client.DisconnectAsync(1006);
    }

    private sealed class Forgotten : WebSocketConsumer, IHandle<Unknown>
    {
        public Task HandleAsync(Unknown message) => Task.CompletedTask;
    }

    [MessageType("test.unknown")]
    private sealed record Unknown : Message;

    [Fact]
    public void A_message_that_was_not_added_is_told_before_the_first_connection()
    {
        var fault = Assert.Throws<InvalidOperationException>(() => _channels.WebSocket(new UrlRouter { ["x/"] = Consumer.For<Forgotten>() }, "/x/"));
        Assert.Contains(".AddMessage<Unknown>()", fault.Message, StringComparison.Ordinal);
    }
}
