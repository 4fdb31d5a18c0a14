using ChannelsNet;
using ChannelsNet.Clock;
using ChannelsNet.Health;
using ChannelsNet.Pages;

if (args is ["--healthcheck", ..])
{
    return await HealthProbe.RunAsync();
}

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddHealthChecks().AddChannelLayer();
builder.Services.AddChannels(builder.Configuration)      // "ChannelLayers" in appsettings: in memory unless Redis is named
    .AddMessage<Tick>()
    .AddProducer<TimeProducer>();

var app = builder.Build();
app.MapChannels(new ProtocolTypeRouter
{
    WebSocket = new UrlRouter { ["msg/"] = Consumer.For<ClockConsumer>() },
});
app.MapPages();
app.MapHealth();
app.Run();
return 0;
