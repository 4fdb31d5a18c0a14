using ChannelsNet.Messages;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Bench.Layers;

/// <summary>A layer as a program gets it, with services of its own as each process has.</summary>
public sealed class Layer : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public Layer(ChannelLayerBackend backend, string? address = null, int capacity = 100)
    {
        var services = new ServiceCollection();
        services.AddChannelLayers(configure: options =>
        {
            options.Backend = backend;
            options.Capacity = capacity;
            if (address is not null)
            {
                options.Hosts.Add(address);
            }
        }).AddMessage<ChatMessage>();
        _services = services.BuildServiceProvider();
        Channels = _services.GetRequiredService<IChannelLayer>();
    }

    public IChannelLayer Channels { get; }

    public IMessageSerializer Serializer => _services.GetRequiredKeyedService<IMessageSerializer>("msgpack");

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
