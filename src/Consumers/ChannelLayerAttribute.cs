namespace ChannelsNet;

/// <summary>
/// Lets a consumer have its channel and its groups on another layer than the default one: <c>[ChannelLayer("alerts")]</c> above its class. A layer that
/// does not exist is a fault when the consumer is mapped.
/// </summary>
/// <param name="name">The layer's entry in the section <c>ChannelLayers</c> of the configuration, or the key of an <see cref="IChannelLayer"/> service.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ChannelLayerAttribute(string name) : Attribute
{
    /// <summary>The name of the layer.</summary>
    public string Name { get; } = name;
}
