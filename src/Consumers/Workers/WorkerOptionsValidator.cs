using ChannelsNet.Hosting;
using ChannelsNet.Routing;
using ChannelsNet.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Workers;

/// <summary>Finds everything that is wrong with a worker before it takes its first message.</summary>
internal sealed class WorkerOptionsValidator(IEnumerable<Worker> workers, IServiceProvider services) : IValidateOptions<WorkerOptions>
{
    public ValidateOptionsResult Validate(string? name, WorkerOptions options)
    {
        if (workers.FirstOrDefault(worker => worker.Channel == name) is not { } worker)
        {
            return ValidateOptionsResult.Skip;
        }

        var faults = options.Faults()
            .Concat(LayerFaults(worker.Channel, options.Layer))
            .Concat(ApplicationFaults(worker))
            .Select(fault => $"Worker of the channel \"{worker.Channel}\": {fault}").ToArray();
        return faults.Length > 0 ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
    }

    private IEnumerable<string> LayerFaults(string channel, string layer)
    {
        if (services.GetService<IServiceProviderIsKeyedService>()?.IsKeyedService(typeof(IChannelLayer), layer) == false)
        {
            var known = services.GetServices<IConfigureOptions<ChannelLayerOptions>>().OfType<ChannelLayerConfiguration>()
                .Select(configuration => $"\"{configuration.Layer}\"").Distinct();
            yield return $"{nameof(WorkerOptions.Layer)} is \"{layer}\", which does not exist; expected one of {string.Join(", ", known)}, "
                + $"or add ChannelLayers:{layer} to the configuration that AddChannels gets.";
        }
        else if (BackendOf(layer) == ChannelLayerBackend.RedisPubSub)
        {
            yield return $"Layer \"{layer}\" has the back-end {ChannelLayerBackend.RedisPubSub}, over which every worker would get a copy of each message "
                + $"of \"{channel}\" and do the same work. Take the messages from a layer with queues: add a layer such as "
                + $"\"ChannelLayers\": {{ \"jobs\": {{ \"Backend\": \"{ChannelLayerBackend.Redis}\" }} }}, name it here "
                + $"(.AddWorker<…>(\"{channel}\", options => options.Layer = \"jobs\")), and send to \"{channel}\" over it.";
        }
    }

    private ChannelLayerBackend? BackendOf(string layer)
    {
        try
        {
            return services.GetRequiredService<IOptionsMonitor<ChannelLayerOptions>>().Get(layer).Backend;
        }
        catch (OptionsValidationException)
        {
            // What is wrong with the layer is told by its own check.
            return null;
        }
    }

    private IEnumerable<string> ApplicationFaults(Worker worker) => ChannelRoute.End(worker.Application, worker.Channel) switch
    {
        null => [
            $"The router has no application for it. Expected one of {string.Join(", ", ChannelRoute.Channels(worker.Application).Select(name => $"\"{name}\""))}."],
        ICheckedAtStart application => application.Faults(services),
        _ => [],
    };
}
