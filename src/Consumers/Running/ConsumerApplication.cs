using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Hosting;
using ChannelsNet.Messages;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Running;

/// <summary>Serves each connection by a consumer of its own.</summary>
internal sealed class ConsumerApplication<[DynamicallyAccessedMembers(
    DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.Interfaces)] TConsumer> : IApplication, ICheckedAtStart
    where TConsumer : Consumer
{
    private readonly ObjectFactory<TConsumer> _create = ActivatorUtilities.CreateFactory<TConsumer>([]);

    public async Task RunAsync(Scope scope, IConnection connection)
    {
        await using var services = scope.Services.CreateAsyncScope();
        var provider = services.ServiceProvider;
        var consumer = _create(provider, null);
        try
        {
            var logger = provider.GetRequiredService<ILogger<TConsumer>>();
            await consumer.RunAsync(
                scope with { Services = provider },
                connection,
                provider.GetRequiredService<IChannelLayer>(),
                provider.GetRequiredService<ConsumerServices>(),
                logger).ConfigureAwait(false);
        }
        finally
        {
            await DisposeAsync(consumer).ConfigureAwait(false);
        }
    }

    /// <summary>Each message that it handles must be known: a forgotten line is told at the start, not by silence later.</summary>
    public IEnumerable<string> Faults(IServiceProvider services)
    {
        var types = services.GetRequiredService<MessageTypes>();
        return typeof(TConsumer).GetInterfaces()
            .Where(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IHandle<>))
            .Select(type => type.GenericTypeArguments[0])
            .Where(type => !type.IsAbstract && types.Find(type) is null)
            .Select(type => $"{typeof(TConsumer)} handles {type}, which this process does not know. "
                + $"Add it where the channels are added: .AddMessage<{type.Name}>().");
    }

    public override string ToString() => typeof(TConsumer).Name;

    private static async ValueTask DisposeAsync(TConsumer consumer)
    {
        if (consumer is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync().ConfigureAwait(false);
        }
        else
        {
            (consumer as IDisposable)?.Dispose();
        }
    }
}

/// <summary>An application that can tell before the first connection what is wrong with it.</summary>
internal interface ICheckedAtStart
{
    /// <summary>A sentence for each fault.</summary>
    IEnumerable<string> Faults(IServiceProvider services);
}
