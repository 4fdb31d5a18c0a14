using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace ChannelsNet.Telemetry;

public sealed class WebSocketMeterTests
{
    private readonly Diary _diary = new();
    private readonly Refused _refused = new();

    private sealed class Talks(Diary diary) : WebSocketConsumer
    {
        protected override Task ConnectAsync() => Scope.HttpContext!.Request.Query["do"].ToString() switch
        {
            "close" => CloseAsync(),
            "refuse" => RefuseAsync(StatusCodes.Status410Gone),
            "nothing" => Task.CompletedTask,
            _ => AcceptAsync(),
        };

        protected override async Task ReceiveAsync(string text)
        {
            switch (text)
            {
                case "close":
                    await CloseAsync(4001);
                    break;
                case "much":
                    for (var i = 0; i < 100; i++)
                    {
                        await SendBytesAsync(new byte[100_000]);
                    }

                    diary.Note("sent");
                    break;
                default:
                    await SendTextAsync(text);
                    break;
            }
        }
    }

    [Theory]
    [InlineData(HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2)]
    public async Task Connections_and_what_goes_through_them_are_counted(HttpProtocols protocol)
    {
        await using var server = await StartAsync(listen: options => options.Protocols = protocol);
        using var accepted = Collect<long>(server, "channels.websocket.accepted");
        using var messages = Collect<long>(server, "channels.websocket.messages");
        using var bytes = Collect<long>(server, "channels.websocket.io");
        using var connections = Collect<long>(server, "channels.websocket.connections");
        using var durations = Collect<double>(server, "channels.websocket.duration");
        Assert.Empty(Look(connections));

        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        using (var client = await server.ConnectAsync(
            options: options => (options.HttpVersion, options.HttpVersionPolicy) =
                (protocol == HttpProtocols.Http1 ? HttpVersion.Version11 : HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact),
            invoker: http))
        {
            await client.SendAsync("hello");
            Assert.Equal("hello", await client.ReceiveAsync());
            Assert.Equal([1], Look(connections));
            Assert.Equal(1, Assert.Single(accepted.GetMeasurementSnapshot()).Value);
            Assert.Equal((1, 1), Both(messages));

            // Outwards with the two bytes of the frame's head.
            Assert.Equal((5, 7), Both(bytes));
            await client.CloseAsync();
        }

        await durations.WaitForMeasurementsAsync(1).WaitAsync(TestServer.Patience);
        Assert.Empty(Look(connections));
        Assert.All([accepted.LastMeasurement!.Tags, messages.LastMeasurement!.Tags, durations.LastMeasurement!.Tags], tags => Assert.Equal("/ws/", tags["route"]));
    }

    [Theory]
    [InlineData("close", 4001, "server")]
    [InlineData("1000", 1000, "client")]
    [InlineData("4999", "other", "client")]
    [InlineData("abort", 1006, "client")]
    public async Task The_end_of_a_connection_is_told_with_its_code(string how, object code, string closedBy)
    {
        await using var server = await StartAsync();
        using var durations = Collect<double>(server, "channels.websocket.duration");
        using var client = await server.ConnectAsync();
        switch (how)
        {
            case "close":
                await client.SendAsync("close");
                Assert.Equal("close 4001", await client.ReceiveAsync());
                await client.CloseAsync();
                break;
            case "abort":
                client.Abort();
                break;
            default:
                await client.CloseAsync(int.Parse(how, System.Globalization.CultureInfo.InvariantCulture));
                break;
        }

        await durations.WaitForMeasurementsAsync(1).WaitAsync(TestServer.Patience);
        var tags = durations.LastMeasurement!.Tags;
        Assert.Equal((code, closedBy), (tags["code"], tags["closed_by"]));
    }

    [Fact]
    public async Task What_waits_for_clients_that_do_not_read_can_be_seen()
    {
        await using var server = await StartAsync(options => (options.MaxQueuedMessages, options.MaxQueuedBytes) = (1000, 100_000_000), TestServer.SendLittle);
        using var queued = Collect<long>(server, "channels.websocket.queued");
        using var bytes = Collect<long>(server, "channels.websocket.queued.io");
        using var client = await RawClient.ConnectAsync(server, takesLittle: true);
        await client.WriteFrameAsync(0x81, "much");
        await _diary.NextAsync();
        Assert.InRange(Assert.Single(Look(queued)), 50, 100);
        Assert.InRange(Assert.Single(Look(bytes)), 50 * 100_000, 100 * 100_010);
    }

    [Fact]
    public async Task Whoever_is_refused_is_counted_by_the_reason()
    {
        await using var server = await StartAsync(options => options.AcceptTimeout = TimeSpan.FromMilliseconds(50));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/ws/", ("Origin", "https://other.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/ws/?do=close"));
        Assert.Equal(HttpStatusCode.Gone, await server.StatusAsync("/ws/?do=refuse"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await server.StatusAsync("/ws/?do=nothing"));
        Assert.Equal(["origin at /ws/", "application at /ws/", "application at /ws/", "accept_timeout at /ws/"], _refused.Counts);
        Assert.Equal(
            ["Warning: WebSocket /ws/: 1 refused since the last such line, the last because it was neither accepted nor closed within WebSocketConnectionOptions.AcceptTimeout = 0.05 s"],
            _refused.Lines);
    }

    [Theory]
    [InlineData("too large", "max_message_size", "WebSocketConnectionOptions.MaxMessageSize is 100")]
    [InlineData("not UTF-8", "invalid_payload", "A text message must be UTF-8.")]
    [InlineData("not masked", "protocol_error", "A client must mask its frames.")]
    public async Task Whoever_breaks_a_rule_is_counted_by_the_reason(string what, string reason, string why)
    {
        await using var server = await StartAsync(options => options.MaxMessageSize = 100);
        using var client = await RawClient.ConnectAsync(server);
        await (what switch
        {
            "too large" => client.WriteFrameAsync(0x82, new byte[101]),
            "not UTF-8" => client.WriteFrameAsync(0x81, [0xFF]),
            _ => client.WriteAsync([0x81, 1, (byte)'x']),
        });
        Assert.StartsWith("close ", await client.NextAsync(), StringComparison.Ordinal);
        Assert.Equal([$"{reason} at /ws/"], _refused.Counts);
        Assert.Equal([$"Information: WebSocket /ws/: 1 refused since the last such line, the last because {why}"], _refused.Lines);
    }

    private static (long Received, long Sent) Both(MetricCollector<long> collector)
    {
        var all = collector.GetMeasurementSnapshot();
        return (Sum("receive"), Sum("transmit"));

        long Sum(string direction) => all.Where(one => one.Tags["direction"] as string == direction).Sum(one => one.Value);
    }

    private static IEnumerable<long> Look(MetricCollector<long> collector)
    {
        collector.Clear();
        collector.RecordObservableInstruments();
        return collector.GetMeasurementSnapshot().Select(one => one.Value);
    }

    private static MetricCollector<T> Collect<T>(TestServer server, string name)
        where T : struct => new(server.App.Services.GetRequiredService<IMeterFactory>(), "ChannelsNet.Consumers", name);

    private Task<TestServer> StartAsync(
        Action<WebSocketConnectionOptions>? configure = null, Action<IServiceCollection>? more = null, Action<ListenOptions>? listen = null) => TestServer.StartAsync(
        Consumer.For<Talks>(),
        services =>
        {
            _refused.Attach(services);
            services.AddSingleton(_diary).Configure<WebSocketConnectionOptions>(options => configure?.Invoke(options));
            more?.Invoke(services);
        },
        listen);
}
