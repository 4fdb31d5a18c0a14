using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization.Metadata;
using ChannelsNet.Messages;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>What <c>AddChannels</c> and <c>AddChannelLayers</c> return: the place to add messages and producers.</summary>
public sealed class ChannelsBuilder
{
    internal ChannelsBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services of the host.</summary>
    public IServiceCollection Services { get; }

    /// <summary>
    /// Makes a type of message known to this process, so that it can be sent and handled. Its members are found by reflection, once;
    /// in a trimmed or natively compiled program write <c>AddMessage(MyJson.Default.MyMessage)</c> with a
    /// <see cref="System.Text.Json.Serialization.JsonSerializerContext"/> instead.
    /// </summary>
    /// <exception cref="InvalidOperationException">The class has no <see cref="ChannelsNet.MessageTypeAttribute"/>.</exception>
    [RequiresUnreferencedCode("Finds the message's members by reflection; pass a source-generated JsonTypeInfo instead.")]
    [RequiresDynamicCode("Finds the message's members by reflection; pass a source-generated JsonTypeInfo instead.")]
    public ChannelsBuilder AddMessage<TMessage>()
        where TMessage : ChannelsNet.Message =>
        Add<TMessage>(new DefaultJsonTypeInfoResolver());

    /// <summary>Makes a type of message known to this process, so that it can be sent and handled.</summary>
    /// <param name="typeInfo">Knows the message's members, such as <c>MyJson.Default.MyMessage</c>.</param>
    /// <exception cref="InvalidOperationException">The class has no <see cref="ChannelsNet.MessageTypeAttribute"/>.</exception>
    public ChannelsBuilder AddMessage<TMessage>(JsonTypeInfo<TMessage> typeInfo)
        where TMessage : ChannelsNet.Message
    {
        ArgumentNullException.ThrowIfNull(typeInfo);
        return Add<TMessage>(typeInfo.OriginatingResolver
            ?? throw new ArgumentException("The type info comes from no resolver; pass one of a JsonSerializerContext.", nameof(typeInfo)));
    }

    /// <summary>
    /// Adds a way of one's own to write messages between processes; a layer takes it when its <see cref="ChannelsNet.ChannelLayerOptions.Serializer"/>
    /// has this name. "msgpack" and "json" can be replaced so.
    /// </summary>
    public ChannelsBuilder AddSerializer(string name, Func<IServiceProvider, IMessageSerializer> create)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(create);
        Services.AddKeyedSingleton(name, (provider, _) => create(provider));
        return this;
    }

    private ChannelsBuilder Add<TMessage>(IJsonTypeInfoResolver resolver)
        where TMessage : ChannelsNet.Message
    {
        Services.AddSingleton(MessageType.Create<TMessage>(resolver));
        return this;
    }
}
