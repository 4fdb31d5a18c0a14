using System.Diagnostics.CodeAnalysis;
using ChannelsNet;
using ChannelsNet.Hosting;
using ChannelsNet.Routing;
using ChannelsNet.Security.Groups;
using ChannelsNet.Telemetry;
using ChannelsNet.Workers;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The door of the workers, in a web program or in one without a web server.</summary>
public static class WorkerChannelsBuilderExtensions
{
    /// <summary>Runs a worker with the host: takes the messages of a channel, and gives each to a consumer of its own.</summary>
    /// <param name="builder">The channels of the host.</param>
    /// <param name="channel">A channel that any process may read, so one without '!'.</param>
    /// <param name="configure">Changes the options of this worker.</param>
    /// <exception cref="ArgumentException">The channel's name is none, or the channel has a worker already.</exception>
    public static ChannelsBuilder AddWorker<[DynamicallyAccessedMembers(
        DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.Interfaces)] TConsumer>(
        this ChannelsBuilder builder, string channel, Action<WorkerOptions>? configure = null)
        where TConsumer : WorkerConsumer => builder.AddWorker(channel, Consumer.For<TConsumer>(), configure);

    /// <summary>Runs a worker with the host: takes the messages of a channel, and lets an application serve each as a connection of its own.</summary>
    /// <param name="builder">The channels of the host.</param>
    /// <param name="channel">A channel that any process may read, so one without '!'.</param>
    /// <param name="application">A <see cref="WorkerConsumer"/>'s application, a router that knows the channel, or middleware before one of them.</param>
    /// <param name="configure">Changes the options of this worker.</param>
    /// <exception cref="ArgumentException">The channel's name is none, or the channel has a worker already.</exception>
    public static ChannelsBuilder AddWorker(
        this ChannelsBuilder builder, string channel, IApplication application, Action<WorkerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(application);
        Require(channel, builder.Services);
        var services = builder.Services;
        services.TryAddSingleton<ConsumerServices>();
        services.TryAddSingleton<RefusedClients>();
        services.TryAddSingleton<GroupGates>();
        services.TryAddSingleton<WorkerMeter>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<WorkerOptions>, WorkerOptionsValidator>());
        services.AddHostedService<WorkerService>();
        services.AddSingleton(new Worker(channel, application));
        services.AddOptions<WorkerOptions>(channel).Configure(options => configure?.Invoke(options)).ValidateOnStart();
        return builder;
    }

    /// <summary>Runs a worker for each channel that a router names.</summary>
    /// <param name="builder">The channels of the host.</param>
    /// <param name="router">
    /// A <see cref="ChannelNameRouter"/>, middleware before one, or a <see cref="ProtocolTypeRouter"/> with one as its <see cref="ProtocolTypeRouter.Channel"/>.
    /// </param>
    /// <param name="configure">Changes the options of each of these workers.</param>
    /// <exception cref="ArgumentException">The router names no channel, one whose name is none, or one that has a worker already.</exception>
    public static ChannelsBuilder AddWorker(this ChannelsBuilder builder, IApplication router, Action<WorkerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(router);
        var channels = ChannelRoute.Channels(router);
        if (channels.Count == 0)
        {
            throw new ArgumentException(
                $"{router} names no channel that a worker could serve. Expected new ChannelNameRouter {{ [\"thumbnails\"] = Consumer.For<…>() }}, "
                + "or write AddWorker(\"thumbnails\", application).",
                nameof(router));
        }

        foreach (var channel in channels)
        {
            builder.AddWorker(channel, router, configure);
        }

        return builder;
    }

    private static void Require(string channel, IServiceCollection services)
    {
        ChannelNames.RequireChannel(channel);
        if (channel.Contains('!', StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"Channel \"{channel}\" belongs to one process, which reads it itself. Expected a channel without '!', such as \"thumbnails\".", nameof(channel));
        }

        if (services.Any(service => service.ServiceType == typeof(Worker) && ((Worker)service.ImplementationInstance!).Channel == channel))
        {
            throw new ArgumentException(
                $"The channel \"{channel}\" has a worker already. Write each once; to handle more at once set {nameof(WorkerOptions)}.{nameof(WorkerOptions.Concurrency)}.",
                nameof(channel));
        }
    }
}
