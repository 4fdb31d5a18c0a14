using ChannelsNet.Hosting;
using ChannelsNet.Routing;
using ChannelsNet.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChannelsNet.WebSockets;

/// <summary>What the WebSockets of one route have in common.</summary>
internal sealed record WebSocketRoute
{
    /// <summary>Its pattern, such as <c>/chat/{room}/</c>.</summary>
    public required string Name { get; init; }

    public required WebSocketConnectionOptions Options { get; init; }

    public required ConsumerServices Services { get; init; }

    public required SlowClients SlowClients { get; init; }

    public required RefusedClients RefusedClients { get; init; }

    public required WebSocketMeter Meter { get; init; }

    /// <summary>Its name in metrics.</summary>
    public KeyValuePair<string, object?> Tag => new("route", Name);

    public static WebSocketRoute Create(ApplicationRoute route, IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<WebSocketConnectionOptions>>().Value.Copy();
        route.Configure?.Invoke(options);
        return new WebSocketRoute
        {
            Name = $"/{route.Pattern.RawText}",
            Options = options,
            Services = services.GetRequiredService<ConsumerServices>(),
            SlowClients = services.GetRequiredService<SlowClients>(),
            RefusedClients = services.GetRequiredService<RefusedClients>(),
            Meter = services.GetRequiredService<WebSocketMeter>(),
        };
    }
}
