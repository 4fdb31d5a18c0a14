using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using ChannelsNet.Hosting;
using ChannelsNet.Routing;
using ChannelsNet.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Running;

/// <summary>Serves each connection by a consumer of its own.</summary>
/// <param name="arguments">What its constructor gets beside services.</param>
/// <param name="layer">The name of its layer. Default: that of its <see cref="ChannelLayerAttribute"/>, else the default layer.</param>
internal sealed class ConsumerApplication<[DynamicallyAccessedMembers(
    DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.Interfaces)] TConsumer>(object[] arguments, string? layer = null)
    : IApplication, ICheckedAtStart, IDescribed
    where TConsumer : Consumer
{
    private readonly ConsumerConstructor<TConsumer> _constructor = new(arguments);
    private readonly ConsumerAttributes _attributes = new(typeof(TConsumer));
    private readonly string? _layer = layer ?? typeof(TConsumer).GetCustomAttribute<ChannelLayerAttribute>()?.Name;
    private readonly bool _hasHandlers = Handled().Any();

    public IReadOnlyList<object> Metadata => _attributes.All;

    public async Task RunAsync(Scope scope, IConnection connection)
    {
        _attributes.RequireOn(scope.HttpContext?.GetEndpoint());
        await using var services = scope.Services.CreateAsyncScope();
        var provider = services.ServiceProvider;
        var consumer = _constructor.Create(provider);
        consumer.HasHandlers = _hasHandlers;
        try
        {
            var logger = provider.GetRequiredService<ILogger<TConsumer>>();
            await consumer.RunAsync(
                scope with { Services = provider },
                connection,
                LayerOf(provider),
                provider.GetRequiredService<ConsumerServices>(),
                logger).ConfigureAwait(false);
        }
        finally
        {
            await DisposeAsync(consumer).ConfigureAwait(false);
        }
    }

    public IEnumerable<string> Faults(IServiceProvider services)
    {
        return
        [
            .. HandledMessages.Faults(typeof(TConsumer).ToString(), Handled(), services), .. _constructor.Faults(services), .. LayerFaults(services),
        ];
    }

    public string? Protocol =>
        typeof(HttpConsumer).IsAssignableFrom(typeof(TConsumer)) ? Scope.Http
        : typeof(WebSocketConsumer).IsAssignableFrom(typeof(TConsumer)) ? Scope.WebSocket
        : null;

    public override string ToString() => typeof(TConsumer).Name;

    private static IEnumerable<Type> Handled() => typeof(TConsumer).GetInterfaces()
        .Where(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IHandle<>))
        .Select(type => type.GenericTypeArguments[0]);

    private IChannelLayer LayerOf(IServiceProvider services) =>
        _layer is null ? services.GetRequiredService<IChannelLayer>() : services.GetRequiredKeyedService<IChannelLayer>(_layer);

    private IEnumerable<string> LayerFaults(IServiceProvider services)
    {
        if (_layer is not null && services.GetService<IServiceProviderIsKeyedService>()?.IsKeyedService(typeof(IChannelLayer), _layer) == false)
        {
            yield return $"{typeof(TConsumer)} is to be on the channel layer \"{_layer}\", which does not exist. "
                + $"Add ChannelLayers:{_layer} to the configuration that AddChannels gets, or name one that is there.";
        }
    }

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

    /// <summary>The only type of scope that it serves; null if it serves any.</summary>
    string? Protocol => null;
}
