using System.Diagnostics;
using System.Diagnostics.Metrics;
using ChannelsNet.Background;
using ChannelsNet.InMemory;
using ChannelsNet.Messages;
using ChannelsNet.Redis;
using ChannelsNet.Redis.Leases;
using ChannelsNet.Redis.PubSub;
using ChannelsNet.Redis.Queues;
using ChannelsNet.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Hosting;

/// <summary>Puts one layer together, as its options say.</summary>
internal sealed class ChannelLayerParts(IServiceProvider services, string name)
{
    private readonly ChannelLayerOptions _options = services.GetRequiredService<IOptionsMonitor<ChannelLayerOptions>>().Get(name);
    private readonly TimeProvider _time = services.GetRequiredService<TimeProvider>();
    private readonly ILogger _logger = SafeLogger.Of(services.GetRequiredService<ILoggerFactory>().CreateLogger($"ChannelsNet.ChannelLayer.{name}"));
    private RedisHosts? _hosts;

    /// <summary>How it stands with the back-end.</summary>
    public IChannelLayerStatus Status => _options.Backend switch
    {
        ChannelLayerBackend.InMemory => new InMemoryStatus(),
        ChannelLayerBackend.RedisPubSub or ChannelLayerBackend.Redis => Hosts,
        _ => throw Unreachable(),
    };

    private RedisHosts Hosts => _hosts ??= new RedisHosts(
        _options.Hosts.DefaultIfEmpty(RedisAddress.Default).Select(services.GetRequiredService<RedisConnections>().To), _logger);

    public IChannelLayer CreateLayer()
    {
        var types = services.GetRequiredService<MessageTypes>();
        var meters = services.GetRequiredService<IMeterFactory>();
        var drops = new Drops(name, meters, _time, _logger);
        var meter = new LayerMeter(name, meters);
        switch (_options.Backend)
        {
            case ChannelLayerBackend.InMemory:
                var inMemory = new InMemoryChannelLayer(_options, types, _time, drops, meter, _logger);
                return Observed(inMemory, inMemory.Local);
            case ChannelLayerBackend.RedisPubSub:
                var pubSub = new RedisPubSubChannelLayer(_options, Codec(types, drops, timeToLive: null), Hosts, _time, drops, meter, _logger);
                return Observed(pubSub, pubSub.Local);
            case ChannelLayerBackend.Redis:
                var queues = new RedisChannelLayer(
                    _options, Codec(types, drops, _options.Expiry + TimeSpan.FromSeconds(10)), Hosts, _time, drops, meter, _logger);
                return Observed(queues, queues.Local);
            default:
                throw Unreachable();
        }

        ObservedChannelLayer Observed(IChannelLayer layer, LocalDelivery local)
        {
            var status = Status;
            var roundTrip = status is RedisHosts hosts ? new RoundTrip(hosts) : null;
            meter.Observe(() => status.State, local, () => roundTrip?.Look(), _logger);
            return new ObservedChannelLayer(layer, meter, types);
        }
    }

    public ILeases CreateLeases() => _options.Backend switch
    {
        ChannelLayerBackend.InMemory => new InMemoryLeases(),
        ChannelLayerBackend.RedisPubSub or ChannelLayerBackend.Redis =>
            new RedisLeases(Hosts[0], new RedisNames(_options.Prefix), _time, services.GetRequiredService<ILogger<RedisLease>>()),
        _ => throw Unreachable(),
    };

    private UnreachableException Unreachable() => new($"There is no layer for the back-end {_options.Backend}.");

    /// <param name="types">The messages that this process knows.</param>
    /// <param name="drops">Counts what can't be read.</param>
    /// <param name="timeToLive">After what time an encrypted message is refused, as channels_redis has it: with queues only.</param>
    private MessageCodec Codec(MessageTypes types, Drops drops, TimeSpan? timeToLive)
    {
        var serializer = services.GetRequiredKeyedService<IMessageSerializer>(_options.Serializer);
        if (_options.EncryptionKeys.Count > 0)
        {
            serializer = new FernetMessageSerializer(serializer, [.. _options.EncryptionKeys], timeToLive, _time);
        }

        return new MessageCodec(types, serializer, _options.MaxMessageSize, drops);
    }
}
