using Microsoft.Extensions.Hosting;

namespace ChannelsNet.Hosting;

/// <summary>Runs one producer for as long as the host runs.</summary>
internal sealed class ProducerService<TProducer>(TProducer producer, ProducerContext context) : BackgroundService
    where TProducer : Producer
{
    private static readonly TimeSpan _again = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        producer.Context = context;
        while (true)
        {
            try
            {
                await producer.RunAsync(stoppingToken).ConfigureAwait(false);
                return;
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                ProducerLog.Failed(context.Logger, typeof(TProducer), _again.TotalSeconds, fault);
                await Task.Delay(_again, context.Time, stoppingToken).ConfigureAwait(false);
            }
        }
    }
}
