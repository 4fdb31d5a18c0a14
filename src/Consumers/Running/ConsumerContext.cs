using ChannelsNet.Hosting;
using ChannelsNet.Security.Groups;

namespace ChannelsNet.Running;

/// <summary>How far the life of a consumer is, which decides what becomes of what it sends.</summary>
internal enum ConsumerPhase
{
    /// <summary>It goes to the client.</summary>
    Running,

    /// <summary>The consumer does its last work: nothing is sent, and nothing fails.</summary>
    Ending,

    /// <summary>Code that the consumer has left running gets an exception, so that it ends.</summary>
    Ended,
}

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

    /// <summary>How far its life is.</summary>
    public ConsumerPhase Phase { get; set; }

    /// <summary>The message that is being handled now: what is written for the client meanwhile can be shared with all who handle it too.</summary>
    public Message? Handling { get; set; }
}
