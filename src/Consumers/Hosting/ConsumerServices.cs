using System.Diagnostics.Metrics;
using System.Text.Json;
using ChannelsNet.InMemory;
using ChannelsNet.Messages;
using ChannelsNet.Running;
using ChannelsNet.Security.Groups;
using ChannelsNet.Telemetry;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
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
    IMeterFactory meters) : IDisposable
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

    public Turns Turns { get; } = new();

    public TimingWheel Wheel { get; } = new(time);

    public void Dispose() => Wheel.Dispose();
}
