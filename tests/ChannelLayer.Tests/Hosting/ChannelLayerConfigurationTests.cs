using ChannelsNet.InMemory;
using ChannelsNet.Redis.PubSub;
using ChannelsNet.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Hosting;

public sealed class ChannelLayerConfigurationTests
{
    [Fact]
    public void Without_configuration_the_layer_is_in_memory()
    {
        using var host = Build([]);
        Assert.IsType<InMemoryChannelLayer>(Assert.IsType<ObservedChannelLayer>(host.Services.GetRequiredService<IChannelLayer>()).Inner);
    }

    [Fact]
    public void Every_option_can_be_configured()
    {
        using var host = Build(new()
        {
            ["ChannelLayers:default:Backend"] = "redispubsub",
            ["ChannelLayers:default:Hosts:0"] = "redis://user:secret@cache:6380/2",
            ["ChannelLayers:default:Prefix"] = "shop",
            ["ChannelLayers:default:Capacity"] = "7",
            ["ChannelLayers:default:ChannelCapacity:jobs*"] = "1000",
            ["ChannelLayers:default:Expiry"] = "00:00:30",
            ["ChannelLayers:default:GroupExpiry"] = "2.00:00:00",
        });
        var options = host.Services.GetRequiredService<IOptionsMonitor<ChannelLayerOptions>>().Get("default");
        Assert.Equal(ChannelLayerBackend.RedisPubSub, options.Backend);
        Assert.Equal(["redis://user:secret@cache:6380/2"], options.Hosts);
        Assert.Equal("shop", options.Prefix);
        Assert.Equal(7, options.Capacity);
        Assert.Equal(1000, options.ChannelCapacity["jobs*"]);
        Assert.Equal(TimeSpan.FromSeconds(30), options.Expiry);
        Assert.Equal(TimeSpan.FromDays(2), options.GroupExpiry);
        Assert.IsType<RedisPubSubChannelLayer>(Assert.IsType<ObservedChannelLayer>(host.Services.GetRequiredService<IChannelLayer>()).Inner);
    }

    [Fact]
    public void Each_layer_is_the_keyed_service_of_its_name_and_the_same_object_each_time()
    {
        using var host = Build(new() { ["ChannelLayers:alerts:Backend"] = "InMemory" });
        var alerts = host.Services.GetRequiredKeyedService<IChannelLayer>("alerts");
        Assert.Same(alerts, host.Services.GetRequiredKeyedService<IChannelLayer>("alerts"));
        Assert.NotSame(alerts, host.Services.GetRequiredService<IChannelLayer>());
        Assert.Same(host.Services.GetRequiredKeyedService<IChannelLayer>("default"), host.Services.GetRequiredService<IChannelLayer>());
        Assert.Null(host.Services.GetKeyedService<IChannelLayer>("unheard"));
    }

    [Fact]
    public async Task A_wrong_configuration_fails_at_the_start_with_all_its_faults()
    {
        using var host = Build(new()
        {
            ["ChannelLayers:default:Backend"] = "Rabbit",
            ["ChannelLayers:default:Hosts:0"] = "http://cache",
            ["ChannelLayers:default:Capacity"] = "many",
            ["ChannelLayers:default:ChannelCapacity:jobs*"] = "0",
            ["ChannelLayers:default:Expiry"] = "60",
            ["ChannelLayers:default:GroupExpiry"] = "-1.00:00:00",
            ["ChannelLayers:default:Colour"] = "red",
        });
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        foreach (var told in new[]
        {
            "ChannelLayers:default:Backend is \"Rabbit\"; expected one of InMemory, RedisPubSub, Redis",
            "ChannelLayers:default:Hosts has \"http://cache\", which is no Redis address",
            "ChannelLayers:default:Capacity is \"many\"; expected a whole number",
            "ChannelLayers:default:ChannelCapacity:jobs* is 0; expected 1 or more",
            "ChannelLayers:default:Expiry is \"60\"; expected a time span",
            "ChannelLayers:default:GroupExpiry is -1.00:00:00; expected more than zero",
            "ChannelLayers:default:Colour is no option of a channel layer; expected one of Backend, Hosts",
        })
        {
            Assert.Contains(fault.Failures, failure => failure.StartsWith(told, StringComparison.Ordinal));
        }

        Assert.Equal(7, fault.Failures.Count());
    }

    [Fact]
    public void Two_classes_can_not_have_one_message_type()
    {
        var services = new ServiceCollection();
        services.AddChannelLayers().AddMessage<Note>().AddMessage<Note>().AddMessage<Twin>();
        using var provider = services.BuildServiceProvider();
        var fault = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<IChannelLayer>());
        Assert.Contains("\"test.note\" is the name of", fault.Message, StringComparison.Ordinal);
        Assert.Contains(typeof(Twin).FullName!, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_class_without_a_type_is_refused_with_the_line_to_write()
    {
        var fault = Assert.Throws<InvalidOperationException>(() => new ServiceCollection().AddChannelLayers().AddMessage<NamelessThing>());
        Assert.Contains("[MessageType(\"nameless.thing\")]", fault.Message, StringComparison.Ordinal);
    }

    private static IHost Build(Dictionary<string, string?> settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddChannelLayers(builder.Configuration);
        return builder.Build();
    }

    [MessageType("test.note")]
    private sealed record Twin : Message;

    private sealed record NamelessThing : Message;
}
