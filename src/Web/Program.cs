using ChannelsNet;
using ChannelsNet.Chat;
using ChannelsNet.Clock;
using ChannelsNet.Echo;
using ChannelsNet.Health;
using ChannelsNet.Pages;
using ChannelsNet.Telemetry;
using ChannelsNet.Words;

if (args is ["--healthcheck", ..])
{
    return await HealthProbe.RunAsync();
}

if (args is ["--worker", .. var rest])
{
    return await WordsWorker.RunAsync(rest);
}

var builder = WebApplication.CreateBuilder(args);
builder.AddTelemetry();
builder.Services.AddHealthChecks().AddChannels();
builder.Services.AddChannels(builder.Configuration)      // "ChannelLayers" in appsettings: in memory unless Redis is named
    .AddMessage<Tick>()
    .AddMessage<ChatMessage>()
    .AddWords(withWorker: builder.Configuration.GetValue("RunWorkers", true))
    .AddProducer<TimeProducer>();

var app = builder.Build();
app.MapChannels(new ProtocolTypeRouter
{
    WebSocket = new UrlRouter
    {
        ["msg/"] = Consumer.For<ClockConsumer>(),
        ["chat/{room}/"] = Consumer.For<ChatConsumer>(),
        ["words/"] = Consumer.For<WordsConsumer>(),
        ["echo/"] = Consumer.For<EchoConsumer>().WithWebSocketOptions(EchoConsumer.Configure),
    },
    Http = new UrlRouter
    {
        ["events/"] = Consumer.For<ClockEventsConsumer>(),
    },
});
app.MapPages();
app.MapHealth();
app.Run();
return 0;
