using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace ChannelsNet.Telemetry;

public sealed class ConsumerMeterTests
{
    private sealed class Handles : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override Task ReceiveAsync(string text) => GroupSendAsync("room", new Note(text));

        public Task HandleAsync(Note message) => throw new NotSupportedException(message.Text);
    }

    [Fact]
    public async Task Every_event_of_a_consumer_is_timed()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Handles>());
        using var durations = new MetricCollector<double>(
            server.App.Services.GetRequiredService<IMeterFactory>(), "ChannelsNet.Consumers", "channels.consumer.duration");
        using (var client = await server.ConnectAsync())
        {
            await client.SendAsync("hello");
            Assert.StartsWith("close 1011", await client.ReceiveAsync(), StringComparison.Ordinal);
        }

        await durations.WaitForMeasurementsAsync(3).WaitAsync(TestServer.Patience);
        var measured = durations.GetMeasurementSnapshot();
        Assert.All(measured, one => Assert.Equal(nameof(Handles), one.Tags["consumer"]));
        Assert.Equal(
            [("connect", null), ("receive", null), ("message", typeof(NotSupportedException).FullName)],
            measured.Take(3).Select(one => ((string?)one.Tags["event"], (string?)one.Tags.GetValueOrDefault("error.type"))));
    }
}
