using ChannelsNet;
using ChannelsNet.Hosting;
using ChannelsNet.Messages;
using ChannelsNet.Redis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The door of the channel layers.</summary>
public static class ChannelLayerServiceCollectionExtensions
{
    private const string DefaultLayer = "default";

    /// <summary>
    /// Adds the channel layers that the configuration names, for a program that sends or receives without serving connections; a web
    /// program writes <c>AddChannels</c>.
    /// </summary>
    /// <param name="services">The services of the host.</param>
    /// <param name="configuration">
    /// Its section <c>ChannelLayers</c> has an entry for each layer with the options of <see cref="ChannelLayerOptions"/>, such as
    /// <c>ChannelLayers:default:Backend</c>. Without the section there is one layer, in memory.
    /// </param>
    /// <param name="configure">Changes the options of the default layer after the configuration was read.</param>
    /// <remarks>
    /// The layer "default" is the service <see cref="IChannelLayer"/>; each layer is the keyed service of its name. The same goes for
    /// <see cref="ILeases"/> and <see cref="IChannelLayerStatus"/>.
    /// </remarks>
    public static ChannelsBuilder AddChannelLayers(
        this IServiceCollection services, IConfiguration? configuration = null, Action<ChannelLayerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddLogging();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new MessageTypes(provider.GetServices<MessageType>()));
        services.TryAddKeyedSingleton<IMessageSerializer>("json", (provider, _) => new JsonMessageSerializer(provider.GetRequiredService<MessageTypes>()));
        services.TryAddKeyedSingleton<IMessageSerializer>("msgpack", (provider, _) => new MessagePackMessageSerializer(provider.GetRequiredService<MessageTypes>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ChannelLayerOptions>, SerializerExists>());
        services.TryAddSingleton<RedisConnections>();

        var section = configuration?.GetSection("ChannelLayers");
        var names = section?.GetChildren().Select(layer => layer.Key) ?? [];
        foreach (var name in names.Append(DefaultLayer).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            AddLayer(services, name, section?.GetSection(name));
        }

        if (configure is not null)
        {
            services.Configure(DefaultLayer, configure);
        }

        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<IChannelLayer>(DefaultLayer));
        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<ILeases>(DefaultLayer));
        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<IChannelLayerStatus>(DefaultLayer));
        return new ChannelsBuilder(services);
    }

    private static void AddLayer(IServiceCollection services, string name, IConfigurationSection? section)
    {
        var configuration = new ChannelLayerConfiguration(name, section);
        services.AddOptions<ChannelLayerOptions>(name).ValidateOnStart();
        services.AddSingleton<IConfigureOptions<ChannelLayerOptions>>(configuration);
        services.AddSingleton<IValidateOptions<ChannelLayerOptions>>(configuration);
        services.TryAddKeyedSingleton(name, (provider, _) => new ChannelLayerParts(provider, name));
        services.TryAddKeyedSingleton(name, (provider, _) => provider.GetRequiredKeyedService<ChannelLayerParts>(name).CreateLayer());
        services.TryAddKeyedSingleton(name, (provider, _) => provider.GetRequiredKeyedService<ChannelLayerParts>(name).CreateLeases());
        services.TryAddKeyedSingleton(name, (provider, _) => provider.GetRequiredKeyedService<ChannelLayerParts>(name).Status);
    }
}
