using ChannelsNet;
using ChannelsNet.Accepting;
using ChannelsNet.Draining;
using ChannelsNet.Hosting;
using ChannelsNet.Routing;
using ChannelsNet.Security;
using ChannelsNet.Security.Groups;
using ChannelsNet.Telemetry;
using ChannelsNet.WebSockets.Limits;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The door of the consumers into the services.</summary>
public static class ChannelsServiceCollectionExtensions
{
    /// <summary>Adds what a web program needs: the channel layers that the configuration names, and what runs the consumers.</summary>
    /// <param name="services">The services of the host.</param>
    /// <param name="configuration">
    /// Its section <c>ChannelLayers</c> has an entry for each layer with the options of <see cref="ChannelLayerOptions"/>, such as
    /// <c>ChannelLayers:default:Backend</c>. Without the section there is one layer, in memory.
    /// </param>
    /// <param name="configure">Changes the options of the default layer after the configuration was read.</param>
    public static ChannelsBuilder AddChannels(
        this IServiceCollection services, IConfiguration? configuration = null, Action<ChannelLayerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddRouting();
        services.TryAddSingleton<ConsumerServices>();
        services.TryAddSingleton<SlowClients>();
        services.TryAddSingleton<RefusedOrigins>();
        services.TryAddSingleton<OpenConnections>();
        services.AddHostedService<DrainService>();
        services.AddOptions<DrainOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DrainOptions>, DrainOptionsValidator>());
        services.TryAddSingleton<RefusedClients>();
        services.TryAddSingleton<WebSocketMeter>();
        services.TryAddSingleton<ConnectionPlaces>();
        services.TryAddSingleton<GroupGates>();
        services.AddDescriptorReserve();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, ProtocolMatcherPolicy>());
        return services.AddChannelLayers(configuration, configure);
    }
}
