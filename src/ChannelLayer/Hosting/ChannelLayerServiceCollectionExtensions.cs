using ChannelsNet;
using ChannelsNet.Hosting;
using ChannelsNet.InMemory;
using ChannelsNet.Messages;
using ChannelsNet.Redis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
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
    /// <see cref="ILeases"/>.
    /// </remarks>
    public static ChannelsBuilder AddChannelLayers(
        this IServiceCollection services, IConfiguration? configuration = null, Action<ChannelLayerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new MessageTypes(provider.GetServices<MessageType>()));
        services.TryAddSingleton<IMessageSerializer, JsonMessageSerializer>();
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
        return new ChannelsBuilder(services);
    }

    private static void AddLayer(IServiceCollection services, string name, IConfigurationSection? section)
    {
        var configuration = new ChannelLayerConfiguration(name, section);
        services.AddOptions<ChannelLayerOptions>(name).ValidateOnStart();
        services.AddSingleton<IConfigureOptions<ChannelLayerOptions>>(configuration);
        services.AddSingleton<IValidateOptions<ChannelLayerOptions>>(configuration);
        services.TryAddKeyedSingleton<IChannelLayer>(name, (provider, _) => CreateLayer(provider, name));
        services.TryAddKeyedSingleton<ILeases>(name, (provider, _) => CreateLeases(provider, name));
    }

    private static IChannelLayer CreateLayer(IServiceProvider provider, string name)
    {
        var options = OptionsOf(provider, name);
        var types = provider.GetRequiredService<MessageTypes>();
        var time = provider.GetRequiredService<TimeProvider>();
        return options.Backend switch
        {
            ChannelLayerBackend.RedisPubSub => new RedisPubSubChannelLayer(
                options,
                types,
                provider.GetRequiredService<IMessageSerializer>(),
                ConnectionOf(provider, options),
                time,
                provider.GetRequiredService<ILogger<RedisPubSubChannelLayer>>()),
            _ => new InMemoryChannelLayer(options, types, time),
        };
    }

    private static ILeases CreateLeases(IServiceProvider provider, string name)
    {
        var options = OptionsOf(provider, name);
        return options.Backend switch
        {
            ChannelLayerBackend.RedisPubSub => new RedisLeases(
                ConnectionOf(provider, options),
                new RedisNames(options.Prefix),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<RedisLease>>()),
            _ => new InMemoryLeases(),
        };
    }

    private static ChannelLayerOptions OptionsOf(IServiceProvider provider, string name) =>
        provider.GetRequiredService<IOptionsMonitor<ChannelLayerOptions>>().Get(name);

    private static RedisConnection ConnectionOf(IServiceProvider provider, ChannelLayerOptions options) =>
        provider.GetRequiredService<RedisConnections>().To(options.Hosts.FirstOrDefault() ?? RedisAddress.Default);
}
