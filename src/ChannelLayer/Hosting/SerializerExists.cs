using ChannelsNet.Messages;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Hosting;

/// <summary>A layer's serializer must be one that has been added.</summary>
internal sealed class SerializerExists(IServiceProviderIsKeyedService services) : IValidateOptions<ChannelLayerOptions>
{
    public ValidateOptionsResult Validate(string? name, ChannelLayerOptions options) =>
        services.IsKeyedService(typeof(IMessageSerializer), options.Serializer)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"ChannelLayers:{name}:{nameof(ChannelLayerOptions.Serializer)} is \"{options.Serializer}\"; expected \"msgpack\", \"json\", "
                + "or the name of one that AddSerializer has added.");
}
