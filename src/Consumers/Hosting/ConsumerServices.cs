using System.Diagnostics.Metrics;
using System.Text.Json;
using ChannelsNet.Background;
using ChannelsNet.InMemory;
using ChannelsNet.Messages;
using ChannelsNet.Running;
using ChannelsNet.Security.Groups;
using ChannelsNet.Telemetry;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Hosting;

/// <summary>What all consumers of a host share.</summary>
internal sealed class ConsumerServices(
    MessageTypes types,
    IOptions<JsonOptions> json,
    TimeProvider time,
    [FromKeyedServices("json")] IMessageSerializer jsonMessages,
    [FromKeyedServices("msgpack")] IMessageSerializer messagePackMessages,
    GroupGates groupGates,
    IMeterFactory meters,
    ILogger<ConsumerDispatcher> logger) : IDisposable
{
    public MessageTypes Types { get; } = types;

    /// <summary>By what consumers write and read JSON.</summary>
    public JsonSerializerOptions Json { get; } = json.Value.SerializerOptions;

    /// <summary>Writes messages as JSON as they are between processes.</summary>
    public IMessageSerializer JsonMessages { get; } = jsonMessages;

    /// <summary>Writes messages as MessagePack as they are between processes.</summary>
    public IMessageSerializer MessagePackMessages { get; } = messagePackMessages;

    /// <summary>What stands before the groups that clients join.</summary>
    public GroupGates GroupGates { get; } = groupGates;

    public ConsumerMeter Meter { get; } = new(meters);

    public TimeProvider Time { get; } = CoarseTime.Of(time);

    /// <summary>The log of what runs on nobody's behalf. It never throws.</summary>
    public ILogger Logger { get; } = SafeLogger.Of(logger);

    public ConsumerDispatcher Dispatcher { get; } = new(SafeLogger.Of(logger));

    public TimingWheel Wheel { get; } = new(time, SafeLogger.Of(logger));

    public void Dispose()
    {
        Dispatcher.Dispose();
        Wheel.Dispose();
    }
}
