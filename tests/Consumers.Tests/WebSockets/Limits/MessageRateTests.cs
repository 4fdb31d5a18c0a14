using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.WebSockets.Limits;

public sealed class MessageRateTests
{
    private readonly Refused _refused = new();
    private readonly Diary _diary = new();

    private sealed class Echo(Diary diary) : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    private Task<TestServer> StartAsync(Action<WebSocketConnectionOptions> configure) => TestServer.StartAsync(
        app => app.MapChannels(new UrlRouter
        {
            ["ws/"] = Consumer.For<Echo>().WithWebSocketOptions(configure),
            ["free/"] = Consumer.For<Echo>(),
        }),
        services =>
        {
            services.AddSingleton(_diary);
            _refused.Attach(services);
        });

    /// <summary>Sends many messages at once and reads what comes back, to the close if there is one.</summary>
    private static async Task<List<string>> FloodAsync(RawClient client, int count)
    {
        await client.WriteAsync([.. Enumerable.Range(0, count).SelectMany(i => RawClient.Frame(0x81, "x"u8.ToArray()))]);
        var answers = new List<string>();
        while (answers.Count < count && !answers.Exists(answer => answer.StartsWith("close", StringComparison.Ordinal)))
        {
            answers.Add(await client.NextAsync());
        }

        return answers;
    }

    [Theory]
    [InlineData(1, 5, 5)]
    [InlineData(4, null, 4)]
    public async Task More_than_the_burst_closes_with_1008_after_what_was_in_it(int perSecond, int? burst, int atOnce)
    {
        await using var server = await StartAsync(options => (options.MaxMessagesPerSecond, options.MessageBurst) = (perSecond, burst));
        using var client = await RawClient.ConnectAsync(server);
        var answers = await FloodAsync(client, 200);

        // A machine that stands still for seconds lets some more through.
        Assert.InRange(answers.Count - 1, atOnce, 150);
        Assert.Equal($"close 1008 You may send {perSecond} messages in a second.", answers[^1]);
        await client.WriteFrameAsync(0x88, [0x03, 0xF0]);
        Assert.Equal("disconnect 1008", await _diary.NextAsync());
        Assert.Equal(["max_messages_per_second at /ws/"], _refused.Counts);
        Assert.Equal(
            [$"Information: WebSocket /ws/: 1 refused since the last such line, the last because WebSocketConnectionOptions.MaxMessagesPerSecond is {perSecond}"],
            _refused.Lines);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Who_goes_on_sending_gets_the_close_frame_all_the_same()
    {
        await using var server = await StartAsync(options => options.MaxMessagesPerSecond = 1);
        using var client = await RawClient.ConnectAsync(server);
        await FloodAsync(client, 100);
        for (var i = 0; i < 100; i++)
        {
            await client.WriteFrameAsync(0x81, new string('x', 1000));
        }

        await client.WriteFrameAsync(0x88, [0x03, 0xF0]);
        Assert.Equal("disconnect 1008", await _diary.NextAsync());
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Pings_are_counted_too()
    {
        await using var server = await StartAsync(options => (options.MaxMessagesPerSecond, options.MessageBurst) = (1, 2));
        using var client = await RawClient.ConnectAsync(server);
        await client.WriteAsync([.. Enumerable.Repeat(RawClient.Frame(0x89, []), 200).SelectMany(ping => ping)]);
        while (await client.NextAsync() is var answer && answer != "close 1008 You may send 1 messages in a second.")
        {
            Assert.Equal("pong", answer);
        }

        Assert.Equal(["max_messages_per_second at /ws/"], _refused.Counts);
    }

    [Fact]
    public async Task The_bucket_fills_again_with_time()
    {
        await using var server = await StartAsync(options => (options.MaxMessagesPerSecond, options.MessageBurst) = (1000, 1));
        using var client = await RawClient.ConnectAsync(server);

        // The framework's bucket knows no clock but the machine's, so real time passes between an answer and the next message, and the bucket needs 1 ms of it.
        for (var i = 0; i < 20; i++)
        {
            await client.WriteFrameAsync(0x81, $"{i}");
            Assert.Equal($"text {i}", await client.NextAsync());
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    [Fact]
    public async Task Fragments_are_no_messages_and_other_routes_have_no_limit()
    {
        await using var server = await StartAsync(options => (options.MaxMessagesPerSecond, options.MessageBurst) = (1, 2));
        using var client = await RawClient.ConnectAsync(server);
        for (var i = 0; i < 50; i++)
        {
            await client.WriteFrameAsync((byte)(i == 0 ? 0x01 : 0x00), "x");
        }

        await client.WriteFrameAsync(0x80, "x");
        Assert.Equal($"text {new string('x', 51)}", await client.NextAsync());
        using var free = await RawClient.ConnectAsync(server, "/free/");
        Assert.Equal(Enumerable.Repeat("text x", 300), await FloodAsync(free, 300));
        Assert.Empty(_refused.Counts);
    }

    [Fact]
    public async Task What_is_wrong_is_told_at_the_start()
    {
        async Task<string> FaultAsync(Action<WebSocketConnectionOptions> configure) =>
            (await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(configure))).Message;
        Assert.Equal(
            "/ws/: WebSocketConnectionOptions.MaxMessagesPerSecond is 0; expected 1 to 1000000, or null.", await FaultAsync(options => options.MaxMessagesPerSecond = 0));
        Assert.Equal(
            "/ws/: WebSocketConnectionOptions.MessageBurst is 5 and limits nothing; set MaxMessagesPerSecond too.", await FaultAsync(options => options.MessageBurst = 5));
        Assert.Equal(
            "/ws/: WebSocketConnectionOptions.MessageBurst is 0; expected 1 or more, or null.",
            await FaultAsync(options => (options.MaxMessagesPerSecond, options.MessageBurst) = (1, 0)));
        Assert.Equal("/ws/: WebSocketConnectionOptions.MaxGroups is 0; expected 1 or more, or null.", await FaultAsync(options => options.MaxGroups = 0));
    }
}
