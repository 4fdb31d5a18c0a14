using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.WebSockets;

/// <summary>A client that does not read what it is sent, on a real server.</summary>
public sealed class SlowReaderTests
{
    private const int Length = 1000;

    private readonly Diary _diary = new();

    private sealed class Listens(Diary diary) : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            await SendTextAsync("welcome");
        }

        public Task HandleAsync(Note message) => SendTextAsync(message.Text);

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task One_that_never_reads_is_cut_and_the_others_go_on()
    {
        await using var server = await StartAsync(options => options.CloseTimeout = TimeSpan.FromMilliseconds(100));
        using var slow = await ConnectAsync(server, "/ws/", takesLittle: true);
        using var other = await ConnectAsync(server, "/ws/");
        var end = _diary.NextAsync();
        for (var i = 0; !end.IsCompleted || i < 200; i++)
        {
            await SendAndReceiveAsync(server, other, i);
        }

        Assert.Equal("disconnect 1013", await end);

        // Its part of the stream ends within what the operating systems hold, and never with the end of the messages.
        var received = 0;
        try
        {
            while (await slow.NextAsync() is not "close 1013 The client reads too slowly.")
            {
                received++;
            }
        }
        catch (IOException)
        {
        }

        Assert.InRange(received, 1, 100);
        await SendAndReceiveAsync(server, other, 0);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task One_that_reads_again_in_time_is_told_why_the_connection_ends()
    {
        await using var server = await StartAsync(options => options.CloseTimeout = TestServer.Patience);
        using var slow = await ConnectAsync(server, "/ws/", takesLittle: true);
        using var other = await ConnectAsync(server, "/ws/");
        for (var i = 0; i < 200; i++)
        {
            await SendAndReceiveAsync(server, other, i);
        }

        var last = "";
        for (var i = 0; (last = await slow.NextAsync()) == Text(i); i++)
        {
        }

        Assert.Equal("close 1013 The client reads too slowly.", last);
        await slow.WriteFrameAsync(0x88, [1013 >> 8, 1013 & 0xFF]);
        Assert.Empty(await slow.ReadToEndAsync());
        Assert.Equal("disconnect 1013", await _diary.NextAsync());
    }

    [Theory]
    [InlineData("by the socket")]
    [InlineData("by the stream")]
    public async Task On_a_route_that_keeps_the_latest_it_finds_the_last_message_when_it_reads_again(string written)
    {
        await using var server = await StartAsync(
            options => options.CloseTimeout = TestServer.Patience, written == "by the stream" ? listen => listen.UseConnectionLogging() : null);
        using var slow = await ConnectAsync(server, "/latest/", takesLittle: true);
        using var slowElsewhere = await ConnectAsync(server, "/ws/", takesLittle: true);
        using var other = await ConnectAsync(server, "/ws/");
        for (var i = 0; i < 200; i++)
        {
            await SendAndReceiveAsync(server, other, i);
        }

        var received = new List<string>();
        do
        {
            received.Add(await slow.NextAsync());
        }
        while (received[^1] != Text(199));

        Assert.InRange(received.Count, 2, 150);
        Assert.Equal(received.Order(StringComparer.Ordinal).Distinct(), received);
        await SendAndReceiveAsync(server, other, 200);
        Assert.Equal(Text(200), await slow.NextAsync());
        while (await slowElsewhere.NextAsync() is var next && next != "close 1013 The client reads too slowly.")
        {
            Assert.StartsWith("text 0", next, StringComparison.Ordinal);
        }
    }

    private Task<TestServer> StartAsync(Action<WebSocketConnectionOptions> configure, Action<ListenOptions>? listen = null) => TestServer.StartAsync(
        app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter
            {
                ["ws/"] = Consumer.For<Listens>(),
                ["latest/"] = Consumer.For<Listens>().WithWebSocketOptions(options => options.WhenFull = WhenFull.KeepLatest),
            },
        }),
        services => TestServer.SendLittle(services.AddSingleton(_diary).Configure<WebSocketConnectionOptions>(options =>
        {
            options.MaxQueuedMessages = 10;
            configure(options);
        })),
        listen);

    private static async Task<RawClient> ConnectAsync(TestServer server, string path, bool takesLittle = false)
    {
        var client = await RawClient.ConnectAsync(server, path, takesLittle: takesLittle);
        Assert.Equal("text welcome", await client.NextAsync());
        return client;
    }

    private static async Task SendAndReceiveAsync(TestServer server, RawClient client, int number)
    {
        await server.Layer.GroupSendAsync("room", new Note(Text(number)["text ".Length..]));
        Assert.Equal(Text(number), await client.NextAsync());
    }

    private static string Text(int number) => $"text {number:000000} {new string('x', Length)}";
}
