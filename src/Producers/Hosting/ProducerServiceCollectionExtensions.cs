using System.Diagnostics.CodeAnalysis;
using ChannelsNet;
using ChannelsNet.Background;
using ChannelsNet.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The door of the producers.</summary>
public static class ProducerServiceCollectionExtensions
{
    /// <summary>Runs a producer with the host.</summary>
    public static ChannelsBuilder AddProducer<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TProducer>(
        this ChannelsBuilder builder)
        where TProducer : Producer
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton<TProducer>();
        builder.Services.AddSingleton<IHostedService>(provider => new ProducerService<TProducer>(
            provider.GetRequiredService<TProducer>(),
            new ProducerContext(
                provider.GetRequiredService<IChannelLayer>(),
                provider.GetRequiredService<ILeases>(),
                provider.GetRequiredService<TimeProvider>(),
                SafeLogger.Of(provider.GetRequiredService<ILogger<TProducer>>())),
            provider.GetRequiredService<IHostApplicationLifetime>()));
        return builder;
    }
}
