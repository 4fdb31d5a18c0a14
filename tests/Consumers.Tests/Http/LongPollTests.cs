using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Http;

/// <summary>A request that is answered when a message has come.</summary>
public sealed class LongPollTests
{
    private readonly Diary _diary = new();
    private readonly FakeTimeProvider _time = new();

    private sealed class Polls(Diary diary) : HttpConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            await Task.Yield();
            diary.Note($"waits after {body.Length}");
        }

        public Task HandleAsync(Note message)
        {
            diary.Note(message.Text);
            return RespondAsync(200, message.Text);
        }

        protected override async Task DisconnectAsync()
        {
            // It has left its group, so it does not hear this itself; and who is gone is sent nothing.
            await GroupSendAsync("room", new Note("I am gone"));
            diary.Note("disconnect");
        }
    }

    [Fact]
    public async Task A_message_answers_later_and_no_second_one_comes_to_the_consumer()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Polls>(), _diary);
        using var client = new Client(server);
        var polling = client.GetAsync();
        Assert.Equal("waits after 0", await _diary.NextAsync());
        Assert.False(polling.IsCompleted);
        for (var i = 1; i <= 5; i++)
        {
            await server.Layer.GroupSendAsync("room", new Note($"message {i}"));
        }

        using var answer = await polling;
        Assert.Equal("message 1", await answer.TextAsync());
        Assert.Equal("message 1", await _diary.NextAsync());
        Assert.Equal("disconnect", await _diary.NextAsync());
        await server.App.StopAsync();
        Assert.True(_diary.IsEmpty);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_message_that_comes_before_the_whole_request_waits_for_it()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Polls>(), _diary);
        using var client = await RawRequest.SendAsync(server, "POST /http/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n");
        var local = server.Local;
        using var patience = new CancellationTokenSource(TestServer.Patience);
        while (local.GroupCount == 0)
        {
            await Task.Delay(1, patience.Token);
        }

        await server.Layer.GroupSendAsync("room", new Note("early"));
        await client.WriteAsync("body");
        Assert.Equal("waits after 4", await _diary.NextAsync());
        Assert.Equal("early", await _diary.NextAsync());
        Assert.StartsWith("HTTP/1.1 200 ", await client.LineAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_message_the_answer_is_204_in_the_end()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Polls>(), _diary, _time);
        using var client = new Client(server);
        var polling = client.GetAsync();
        Assert.Equal("waits after 0", await _diary.NextAsync());
        Assert.InRange(await _time.PassUntilAsync(polling), TimeSpan.FromSeconds(30), TimeSpan.MaxValue);
        using var answer = await polling;
        Assert.Equal((204, ""), (answer.Status, await answer.TextAsync()));
        Assert.Equal("disconnect", await _diary.NextAsync());
        Assert.Empty(server.Errors);
    }

    private sealed class PollsTwice(Diary diary) : HttpConsumer, IHandle<Note>
    {
        private int _timeouts;

        protected override Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            diary.Note(ChannelName);
            return Task.CompletedTask;
        }

        public Task HandleAsync(Note message) => RespondAsync(200, message.Text);

        protected override Task TimeoutAsync()
        {
            diary.Note("timeout");
            return ++_timeouts == 2 ? RespondAsync(200, "nothing yet") : Task.CompletedTask;
        }
    }

    [Fact]
    public async Task What_happens_in_the_end_is_the_consumers_and_it_may_wait_on()
    {
        await using var server = await HttpServer.StartAsync(
            Consumer.For<PollsTwice>().WithHttpOptions(options => options.LongPollTimeout = TimeSpan.FromSeconds(5)), _diary, _time);
        using var client = new Client(server);
        var polling = client.GetAsync();
        await _diary.NextAsync();
        Assert.InRange(await _time.PassUntilAsync(polling), TimeSpan.FromSeconds(10), TimeSpan.MaxValue);
        Assert.Equal("timeout", await _diary.NextAsync());
        Assert.Equal("timeout", await _diary.NextAsync());
        using var answer = await polling;
        Assert.Equal("nothing yet", await answer.TextAsync());
        Assert.True(_diary.IsEmpty);
    }

    [Fact]
    public async Task A_message_after_a_timeout_that_was_not_answered_still_answers()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<PollsTwice>(), _diary, _time);
        using var client = new Client(server);
        var polling = client.GetAsync();
        var channel = await _diary.NextAsync();
        var noted = _diary.NextAsync();
        await _time.PassUntilAsync(noted);
        Assert.Equal("timeout", await noted);
        await server.Layer.SendAsync(channel, new Note("at last"));
        using var answer = await polling;
        Assert.Equal("at last", await answer.TextAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_client_that_leaves_ends_the_consumer_at_once_and_logs_nothing(int version)
    {
        await using var server = await HttpServer.StartAsync(
            Consumer.For<Polls>(),
            services => services.AddSingleton(_diary),
            listen => listen.Protocols = version == 2 ? Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http2 : listen.Protocols);
        using (var client = new Client(server) { Version = new Version(version, version == 2 ? 0 : 1) })
        {
            var polling = client.GetAsync();
            Assert.Equal("waits after 0", await _diary.NextAsync());
            client.Dispose();
            await Assert.ThrowsAnyAsync<Exception>(() => polling);
        }

        Assert.Equal("disconnect", await _diary.NextAsync());
        await server.App.StopAsync();
        Assert.True(_diary.IsEmpty);
        Assert.Empty(server.Errors);
    }

    private sealed class TakesAll : HttpConsumer
    {
        protected override bool AnswersLater => true;

        protected override async Task HandleAsync(ReadOnlyMemory<byte> body) => await SendAsync(ChannelName, new Note("to myself"));

        protected internal override Task DispatchAsync(Message message) => RespondJsonAsync(message);
    }

    [Fact]
    public async Task Who_takes_messages_in_another_way_says_that_it_answers_later()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<TakesAll>());
        using var client = new Client(server);
        using var answer = await client.GetAsync();
        Assert.Equal("{}", await answer.TextAsync());
    }

    private sealed class PollsForJson(Diary diary) : HttpConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            diary.Note("waits");
            return Task.CompletedTask;
        }

        public Task HandleAsync(Note message) => RespondJsonAsync(message);
    }

    [Fact]
    public async Task A_message_that_twenty_answer_with_is_written_once()
    {
        var counting = new CountingConverter();
        await using var server = await HttpServer.StartAsync(Consumer.For<PollsForJson>(), services => services
            .AddSingleton(_diary)
            .ConfigureHttpJsonOptions(options => options.SerializerOptions.Converters.Add(counting)));
        using var client = new Client(server);
        var polling = Enumerable.Range(0, 20).Select(_ => client.GetAsync()).ToArray();
        foreach (var _ in polling)
        {
            Assert.Equal("waits", await _diary.NextAsync());
        }

        await server.Layer.GroupSendAsync("room", new Note("for all"));
        foreach (var answer in await Task.WhenAll(polling))
        {
            Assert.Equal("\"for all\"", await answer.TextAsync());
            answer.Dispose();
        }

        Assert.Equal(1, counting.Writes);
    }
}
