using ChannelsNet.Background;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Draining;

/// <summary>
/// Lets the connections go when the host stops, before the server stops to listen: until then probes are answered that the host is not ready, and new
/// connections that they are to go elsewhere.
/// </summary>
internal sealed class DrainService(
    OpenConnections connections,
    IHostApplicationLifetime lifetime,
    IOptions<DrainOptions> options,
    IOptions<HostOptions> host,
    TimeProvider time,
    ILogger<DrainService> logger) : IHostedLifecycleService
{
    /// <summary>What is left of the shutdown timeout, at least, for the last batch to say good-bye.</summary>
    private const double ShareForFarewells = 0.2;

    private readonly ILogger _logger = SafeLogger.Of(logger);
    private Task? _stopping;

    /// <summary>Once, also if the host is stopped again.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken) => _stopping ??= StopOnceAsync(cancellationToken);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task StopOnceAsync(CancellationToken outOfTime)
    {
        // By SIGTERM it has been said already, by StopAsync it would be said only after this.
        lifetime.StopApplication();
        try
        {
            await DrainAsync(options.Value, outOfTime).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            DrainLog.OutOfTime(_logger, connections.Count);
            foreach (var connection in connections.All)
            {
                BackgroundWork.Call("Cutting a connection", _logger, connection.Abandon);
            }
        }
    }

    private async Task DrainAsync(DrainOptions drain, CancellationToken outOfTime)
    {
        // Also if nobody is connected: until the load balancer has noticed, it sends clients here, and they are to be told to go elsewhere.
        await Task.Delay(drain.Delay, time, outOfTime).ConfigureAwait(false);
        var open = connections.All;
        if (open.Length == 0)
        {
            return;
        }

        var started = time.GetTimestamp();
        var isFirst = true;
        foreach (var batch in open.Chunk(BatchSize(open.Length, drain)))
        {
            if (!isFirst)
            {
                await Task.Delay(drain.BatchInterval, time, outOfTime).ConfigureAwait(false);
            }

            isFirst = false;
            foreach (var connection in batch)
            {
                BackgroundWork.Call("Draining a connection", _logger, () => connection.Drain(drain.RetryWithin * Random.Shared.NextDouble()));
            }
        }

        await connections.EmptyAsync(outOfTime).ConfigureAwait(false);
        DrainLog.Drained(_logger, open.Length, time.GetElapsedTime(started).TotalSeconds);
    }

    /// <summary>As many at once as the options say, or more if the time would not be enough.</summary>
    private int BatchSize(int open, DrainOptions drain)
    {
        var left = (host.Value.ShutdownTimeout - drain.Delay) * (1 - ShareForFarewells);
        var batches = Math.Max(1, (int)(left / Max(drain.BatchInterval, TimeSpan.FromMilliseconds(1))));
        return Math.Max(drain.BatchSize, (open + batches - 1) / batches);
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}

internal static partial class DrainLog
{
    [LoggerMessage(1, LogLevel.Information, "All {Count} connections were closed for the stop of the host, in {Seconds:0.0} s")]
    public static partial void Drained(ILogger logger, int count, double seconds);

    [LoggerMessage(2, LogLevel.Warning, "{Count} connections were still open when the time to stop the host was over, and are cut")]
    public static partial void OutOfTime(ILogger logger, int count);
}
