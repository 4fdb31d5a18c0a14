using System.Diagnostics;
using ChannelsNet.Hosting;
using ChannelsNet.InMemory;
using ChannelsNet.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Telemetry;

/// <summary>A new value of an enumeration must not count as an old one.</summary>
public sealed class TagTests
{
    [Fact]
    public void Each_reason_of_a_dropped_message_has_a_tag_of_its_own()
    {
        var reasons = Enum.GetValues<DropReason>();
        Assert.Equal(reasons.Length, reasons.Select(Drops.TagOf).Distinct().Count());
        Assert.Throws<UnreachableException>(() => Drops.TagOf((DropReason)reasons.Length));
    }

    [Fact]
    public async Task Each_back_end_has_a_layer_a_status_and_leases_and_no_other_value_has()
    {
        var layers = new HashSet<Type>();
        foreach (var backend in Enum.GetValues<ChannelLayerBackend>())
        {
            await using var services = NewServices(backend);
            var parts = new ChannelLayerParts(services, "default");
            var isInMemory = backend == ChannelLayerBackend.InMemory;
            Assert.Equal(isInMemory, parts.Status is InMemoryStatus);
            Assert.Equal(!isInMemory, parts.Status is RedisHosts);
            Assert.Equal(isInMemory, parts.CreateLeases() is InMemoryLeases);
            Assert.True(layers.Add(((ObservedChannelLayer)parts.CreateLayer()).Inner.GetType()));
        }

        await using var wrong = NewServices((ChannelLayerBackend)layers.Count);
        var none = new ChannelLayerParts(wrong, "default");
        Assert.Throws<UnreachableException>(() => none.Status);
        Assert.Throws<UnreachableException>(none.CreateLeases);
        Assert.Throws<UnreachableException>(none.CreateLayer);
    }

    /// <summary>Without the check of the options, which would refuse a wrong value first.</summary>
    private static ServiceProvider NewServices(ChannelLayerBackend backend)
    {
        var services = new ServiceCollection();
        services.AddChannelLayers();
        services.AddSingleton<IOptionsMonitor<ChannelLayerOptions>>(new Unchecked(new ChannelLayerOptions { Backend = backend }));
        return services.BuildServiceProvider();
    }

    private sealed class Unchecked(ChannelLayerOptions options) : IOptionsMonitor<ChannelLayerOptions>
    {
        public ChannelLayerOptions CurrentValue => options;

        public ChannelLayerOptions Get(string? name) => options;

        public IDisposable? OnChange(Action<ChannelLayerOptions, string?> listener) => null;
    }
}
