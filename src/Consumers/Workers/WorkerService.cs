using ChannelsNet.Background;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Workers;

/// <summary>
/// Runs all workers of a host. They begin when everything else has started, stop to take messages as soon as the host begins to stop, and share the time
/// that it gives its services to stop.
/// </summary>
internal sealed class WorkerService(
    IEnumerable<Worker> workers,
    IOptionsMonitor<WorkerOptions> options,
    IServiceProvider services,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    WorkerMeter meter,
    ILoggerFactory loggers) : IHostedLifecycleService, IDisposable
{
    private WorkerRun[] _runs = [];

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var logger = SafeLogger.Of(loggers.CreateLogger("ChannelsNet.Worker"));
        _runs = [.. workers.Select(worker => Create(worker, options.Get(worker.Channel), logger))];
        foreach (var run in _runs)
        {
            run.Start(lifetime.ApplicationStopping);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.WhenAll(_runs.Select(run => run.EndAsync(cancellationToken)));

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var run in _runs)
        {
            run.Dispose();
        }
    }

    private WorkerRun Create(Worker worker, WorkerOptions chosen, ILogger logger)
    {
        var layer = services.GetRequiredKeyedService<IChannelLayer>(chosen.Layer);
        var intake = new WorkerIntake(worker.Channel, layer, chosen.Concurrency + chosen.Prefetch, time, logger);
        return new WorkerRun(worker, chosen, intake, new WorkerTally(worker.Channel, chosen.Layer, meter), services, time, logger);
    }
}
