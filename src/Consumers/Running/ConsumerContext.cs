using ChannelsNet.Hosting;

namespace ChannelsNet.Running;

/// <summary>What a consumer gets with its connection.</summary>
internal sealed class ConsumerContext(Scope scope, IConnection connection, IChannelLayer layer, IChannel channel, ConsumerServices services)
{
    public Scope Scope { get; } = scope;

    public IConnection Connection { get; } = connection;

    public IChannelLayer Layer { get; } = layer;

    public IChannel Channel { get; } = channel;

    public ConsumerServices Services { get; } = services;

    public ValueTask GroupSendAsync(string group, Message message, string? except) => Layer is IPostingLayer posting
        ? posting.GroupPostAsync(group, message, except)
        : Layer.GroupSendAsync(group, message, except);

    /// <summary>The message that is being handled now: what is written for the client meanwhile can be shared with all who handle it too.</summary>
    public Message? Handling { get; set; }
}
