using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet;

// CH-270
public sealed class StillnessTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly Gate _gate = new();
    private readonly TestChannels _channels;

    public StillnessTests()
    {
        _channels = TestChannels.Create(channels =>
        {
            channels.AddMessage<Note>();
            channels.Services.AddSingleton(_gate);
        });
        _channels.Timeout = _patience;
    }

    private sealed class Gate
    {
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Open() => _open.SetResult();

        public Task PassAsync() => _open.Task;
    }

    private sealed class Repeater(Gate gate, TimeProvider time) : WebSocketConsumer, IHandle<Note>
    {
        protected override IReadOnlyList<string> Groups => ["notes"];

        public Task HandleAsync(Note message) => SendTextAsync(message.Text);

        protected override async Task ReceiveAsync(string text)
        {
            switch (text)
            {
                case "gate":
                    await gate.PassAsync();
                    await SendTextAsync("passed");
                    break;
                case "pause":
                    await Task.Delay(TimeSpan.FromHours(1), time);
                    await SendTextAsync("paused");
                    break;
                case "work":
                    for (var i = 0; i < 100; i++)
                    {
                        await Task.Yield();
                    }

                    await GroupSendAsync("notes", new Note("worked"), exceptSelf: true);
                    break;
                default:
                    break;
            }
        }
    }

    private async Task<WebSocketCommunicator> ConnectAsync()
    {
        var client = _channels.WebSocket(Consumer.For<Repeater>());
        await client.ConnectAsync();
        return client;
    }

    [Fact]
    public async Task Nothing_comes_before_something_does_and_after_all_was_read()
    {
        await using var client = _channels.WebSocket(Consumer.For<Repeater>());
        await client.ReceiveNothingAsync();
        await client.ConnectAsync();
        await client.ReceiveNothingAsync();
        await _channels.Layer.GroupSendAsync("notes", new Note("one"));
        await _channels.Layer.GroupSendAsync("notes", new Note("two"));
        var fault = await Assert.ThrowsAsync<UnexpectedEventException>(() => client.ReceiveNothingAsync());
        Assert.Equal("Expected nothing; got the text \"one\".", fault.Message);
        Assert.Equal("one", await client.ReceiveTextAsync());
        await Assert.ThrowsAsync<UnexpectedEventException>(() => client.ReceiveNothingAsync());
        Assert.Equal("two", await client.ReceiveTextAsync());
        await client.ReceiveNothingAsync();
        await client.SendTextAsync("not answered");
        await client.ReceiveNothingAsync();
        await client.DisconnectAsync();
        await client.ReceiveNothingAsync();
    }

    [Fact]
    public async Task What_one_consumer_sends_to_another_is_waited_for()
    {
        await using var ann = await ConnectAsync();
        await using var bob = await ConnectAsync();
        for (var i = 0; i < 200; i++)
        {
            await ann.SendTextAsync("work");
            var fault = await Assert.ThrowsAsync<UnexpectedEventException>(() => bob.ReceiveNothingAsync());
            Assert.Equal("the text \"worked\"", fault.Actual);
            await ann.ReceiveNothingAsync();
            Assert.Equal("worked", await bob.ReceiveTextAsync());
            await bob.ReceiveNothingAsync();
        }
    }

    [Fact]
    public async Task A_handler_that_goes_on_is_waited_for()
    {
        await using var client = await ConnectAsync();
        await client.SendTextAsync("gate");
        var nothing = client.ReceiveNothingAsync();
        Assert.False(nothing.IsCompleted);
        _gate.Open();
        await Assert.ThrowsAsync<UnexpectedEventException>(() => nothing);
        Assert.Equal("passed", await client.ReceiveTextAsync());
    }

    [Fact]
    public async Task A_handler_that_waits_for_the_clock_is_looked_at_for_as_long_as_the_test_says()
    {
        await using var client = await ConnectAsync();
        await client.SendTextAsync("pause");
        await client.ReceiveNothingAsync(within: TimeSpan.FromMilliseconds(20));
        client.Timeout = TimeSpan.FromMilliseconds(20);
        var fault = await Assert.ThrowsAsync<TimeoutException>(() => client.ReceiveNothingAsync());
        Assert.Contains("Repeater is at work; the last that it took from its client was the text \"pause\".", fault.Message, StringComparison.Ordinal);
        Assert.Contains("ReceiveNothingAsync(TimeSpan.FromMilliseconds(100))", fault.Message, StringComparison.Ordinal);
        client.Timeout = _patience;
        await _channels.AdvanceAsync(TimeSpan.FromMinutes(59));
        await client.ReceiveNothingAsync(within: TimeSpan.FromMilliseconds(20));
        await _channels.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal("paused", await client.ReceiveTextAsync());
        await client.ReceiveNothingAsync();
    }

    [Fact]
    public async Task A_time_out_says_what_was_expected_and_what_the_application_does_and_ends_nothing()
    {
        await using var client = await ConnectAsync();
        client.Timeout = TimeSpan.FromMilliseconds(20);
        var fault = await Assert.ThrowsAsync<TimeoutException>(client.ReceiveTextAsync);
        Assert.Equal(
            "Expected a text message, within 0.02 s. Repeater waits for its client; the last that it took from it was a WebSocketConnect.", fault.Message);
        await Assert.ThrowsAsync<TimeoutException>(client.WaitAsync);
        client.Timeout = _patience;
        await _channels.Layer.GroupSendAsync("notes", new Note("still there"));
        Assert.Equal("still there", await client.ReceiveTextAsync());
    }

    private sealed class Stubborn(Gate gate) : WebSocketConsumer
    {
        protected override Task DisconnectAsync(int code) => gate.PassAsync();
    }

    [Fact]
    public async Task An_application_that_does_not_end_is_told_when_it_is_disposed_unless_a_call_has_told_it()
    {
        var client = _channels.WebSocket(Consumer.For<Stubborn>());
        await client.ConnectAsync();
        client.Timeout = TimeSpan.FromMilliseconds(20);
        var fault = await Assert.ThrowsAsync<TimeoutException>(async () => await client.DisposeAsync());
        Assert.Contains("the end of the WebSocket with 1006", fault.Message, StringComparison.Ordinal);

        await using var told = _channels.WebSocket(Consumer.For<Stubborn>());
        await told.ConnectAsync();
        told.Timeout = TimeSpan.FromMilliseconds(20);
        await Assert.ThrowsAsync<TimeoutException>(() => told.DisconnectAsync());
        await told.DisposeAsync();
        _gate.Open();
        await _channels.SettleAsync();
    }

    private sealed class Mute : IApplication
    {
        public async Task RunAsync(Scope scope, IConnection connection)
        {
            while (await connection.ReceiveAsync() is not WebSocketDisconnect)
            {
            }
        }
    }

    [Fact]
    public async Task The_bare_communicator_knows_rest_too_and_ends_what_it_began()
    {
        var communicator = new ApplicationCommunicator(new Mute(), new Scope { Type = Scope.WebSocket, Services = _channels.Services });
        await communicator.ReceiveNothingAsync();
        await communicator.SendInputAsync(new WebSocketConnect());
        await communicator.ReceiveNothingAsync();
        await Assert.ThrowsAsync<TimeoutException>(() => communicator.ReceiveOutputAsync(TimeSpan.FromMilliseconds(20)));
        await communicator.DisposeAsync();
        await Assert.ThrowsAsync<UnexpectedEventException>(() => communicator.ReceiveOutputAsync());
        await communicator.DisposeAsync();
    }
}
