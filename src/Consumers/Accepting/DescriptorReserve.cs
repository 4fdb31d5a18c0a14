using System.Diagnostics.Metrics;
using ChannelsNet.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Accepting;

/// <summary>
/// Keeps a part of the process's file descriptors free of clients' connections: at the limit, the runtime can neither start a thread nor
/// load an assembly, and aborts. The kernel always gives out the lowest free number, so the number of a new descriptor says how many are in
/// use, by anything in the process.
/// </summary>
internal sealed class DescriptorReserve
{
    private readonly int? _reserved;
    private readonly TimeProvider _time;
    private readonly ILogger<DescriptorReserve> _logger;
    private readonly Counter<long> _rejected;
    private readonly QuietCount _rejections = new();
    private readonly QuietCount _exhaustions = new();

    public DescriptorReserve(IOptions<ConnectionLimits> limits, IMeterFactory meters, TimeProvider time, ILogger<DescriptorReserve> logger)
    {
        _reserved = limits.Value.ReservedFileDescriptors;
        _time = time;
        _logger = logger;
        var meter = meters.Create(ConsumerMeter.Name);
        _rejected = meter.CreateCounter<long>(
            "channels.connection.rejected", "{connection}", "Connections that were closed as soon as they were accepted.");
        meter.CreateObservableGauge(
            "channels.file_descriptor.limit",
            () => Parts is { } parts ? parts.Measure() : [],
            "{file_descriptor}",
            "How many file descriptors the process may have open before it stops using new ones for this.");
    }

    /// <summary>Gets or sets whether a listener of this host uses the reserve.</summary>
    public bool IsInUse { get; set; }

    /// <summary>Gets the parts of the present limit, which can change while the process runs (prlimit); null without a reserve.</summary>
    public DescriptorParts? Parts =>
        _reserved != 0 && FileDescriptorLimit.Read() is { } limit ? new DescriptorParts(limit, _reserved) : null;

    /// <summary>Decides whether a connection that was just accepted may use its descriptor, and records it if not.</summary>
    public bool Admits(ConnectionContext connection)
    {
        if (Parts is not { } parts || connection.Features.Get<IConnectionSocketFeature>() is not { Socket: var socket })
        {
            return true;
        }

        switch (parts.UseOf(socket.Handle))
        {
            case DescriptorUse.Any:
                return true;

            case DescriptorUse.ShortRequest:
                connection.Features.Set(new ShortRequestConnection(parts.Limit));
                return true;

            default:
                _rejected.Add(1, new KeyValuePair<string, object?>("reason", "file_limit"));
                if (_rejections.Add(1, _time, out var count))
                {
                    DescriptorLog.Rejected(_logger, count, parts.Limit, parts.Reserved);
                }

                return false;
        }
    }

    /// <summary>Records that the program itself has used up the reserve.</summary>
    public void RecordExhaustion()
    {
        if (_exhaustions.Add(1, _time, out _))
        {
            DescriptorLog.Exhausted(_logger, FileDescriptorLimit.Read() ?? 0);
        }
    }
}
