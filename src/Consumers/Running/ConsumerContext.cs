using ChannelsNet.Hosting;
using ChannelsNet.Security.Groups;

namespace ChannelsNet.Running;

/// <summary>What a consumer gets with its connection.</summary>
internal sealed class ConsumerContext(Scope scope, IConnection connection, IChannelLayer layer, IChannel channel, ConsumerServices services)
{
    private readonly GroupGate? _groups = services.GroupGates.Create(scope);

    public Scope Scope { get; } = scope;

    public IConnection Connection { get; } = connection;

    public IChannelLayer Layer { get; } = layer;

    public IChannel Channel { get; } = channel;

    public ConsumerServices Services { get; } = services;

    public ValueTask GroupAddAsync(string group) =>
        _groups?.AddAsync(group, Layer, Channel.Name) ?? Layer.GroupAddAsync(group, Channel.Name);

    public ValueTask GroupDiscardAsync(string group)
    {
        _groups?.Remove(group);
        return Layer.GroupDiscardAsync(group, Channel.Name);
    }

    public ValueTask GroupSendAsync(string group, Message message, string? except) => Layer is IPostingLayer posting
        ? posting.GroupPostAsync(group, message, except)
        : Layer.GroupSendAsync(group, message, except);

    /// <summary>The message that is being handled now: what is written for the client meanwhile can be shared with all who handle it too.</summary>
    public Message? Handling { get; set; }
}
