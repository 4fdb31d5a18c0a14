using ChannelsNet.Background;
using Microsoft.Extensions.Hosting;

namespace ChannelsNet.Hosting;

/// <summary>Runs one producer for as long as the host runs.</summary>
internal sealed class ProducerService<TProducer>(TProducer producer, ProducerContext context, IHostApplicationLifetime lifetime) : BackgroundService
    where TProducer : Producer
{
    private static readonly TimeSpan _again = TimeSpan.FromSeconds(5);

    /// <summary>What starts the host, a test or a request of a tool, has nothing to do with what is produced later.</summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        producer.Context = context;
        return BackgroundWork.Run($"Producer {typeof(TProducer)}", context.Logger, () => RunUntilStoppedAsync(stoppingToken));
    }

    private async Task RunUntilStoppedAsync(CancellationToken stoppingToken)
    {
        // The service's own token is cancelled only after the host has let its connections go; another node can take over long before.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        try
        {
            await RunAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await producer.RunAsync(stopping).ConfigureAwait(false);
                return;
            }
            catch (Exception fault) when (!stopping.IsCancellationRequested)
            {
                ProducerLog.Failed(context.Logger, typeof(TProducer), _again.TotalSeconds, fault);
                await Task.Delay(_again, context.Time, stopping).ConfigureAwait(false);
            }
        }
    }
}
