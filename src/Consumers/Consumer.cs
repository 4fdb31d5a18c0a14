using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Hosting;
using ChannelsNet.Running;
using ChannelsNet.Telemetry;
using Microsoft.Extensions.Logging;

namespace ChannelsNet;

/// <summary>
/// Serves one connection: an object of its own for each, in a service scope of its own, which gets one event at a time. Events are
/// what the client does and the messages that the layer brings; they take turns, so that neither starves.
/// </summary>
/// <remarks>
/// What messages it takes stands in its header: <c>IHandle&lt;ChatMessage&gt;</c>. However the connection ends, the consumer leaves its
/// groups and is disposed.
/// </remarks>
public abstract class Consumer
{
    private ConsumerContext? _context;

    /// <summary>What is known of the connection.</summary>
    protected internal Scope Scope => Context.Scope;

    /// <summary>The layer that messages come from and go to.</summary>
    protected internal IChannelLayer Layer => Context.Layer;

    /// <summary>The name of this consumer's own channel: what is sent to it, its handlers get.</summary>
    protected internal string ChannelName => Context.Channel.Name;

    /// <summary>Groups that it is a member of from before the connection is accepted until its end. Default: none.</summary>
    protected internal virtual IReadOnlyList<string> Groups => [];

    internal ConsumerContext Context
    {
        get => _context ?? throw new InvalidOperationException(
            $"{GetType()} has no connection yet. Use the scope, the layer and the client in its handlers, not in its constructor.");
        set => _context = value;
    }

    /// <summary>Whether it has an <see cref="IHandle{TMessage}"/>.</summary>
    internal bool HasHandlers { get; set; }

    /// <summary>Whether the last event of its client has a code that it wants to know.</summary>
    internal virtual bool HasCode => false;

    /// <summary>Whether it can handle a message now; until then messages wait in its mailbox.</summary>
    internal virtual bool TakesMessages => true;

    /// <summary>An application that serves each connection by a new consumer, whose constructor gets services.</summary>
    /// <param name="arguments">
    /// What every consumer's constructor gets beside services, whatever the order of its parameters: <c>Consumer.For&lt;ChatConsumer&gt;("tea", 100)</c>
    /// for <c>ChatConsumer(IClock clock, string shop, int limit)</c>. All consumers get the same objects. Default: none.
    /// </param>
    /// <exception cref="ArgumentException">No constructor, or more than one, takes these arguments. That a service is missing is told when it is mapped.</exception>
    public static IApplication For<[DynamicallyAccessedMembers(
        DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.Interfaces)] TConsumer>(params object[] arguments)
        where TConsumer : Consumer
    {
        ArgumentNullException.ThrowIfNull(arguments);
        return new ConsumerApplication<TConsumer>([.. arguments]);
    }

    /// <summary>Makes this consumer a member of a group, until it leaves it or the connection ends. Does nothing after the end.</summary>
    /// <exception cref="GroupDeniedException">A policy of the group (<c>AddGroupPolicy</c>) does not admit the scope's user.</exception>
    /// <exception cref="TooManyGroupsException">It would be in more groups than <see cref="WebSocketConnectionOptions.MaxGroups"/>.</exception>
    protected internal Task GroupAddAsync(string group) => Context.GroupAddAsync(group).AsTask();

    /// <summary>Leaves a group.</summary>
    protected internal Task GroupDiscardAsync(string group) => Context.GroupDiscardAsync(group).AsTask();

    /// <summary>
    /// Sends a message to every member of a group. This does not wait until the back-end has confirmed it, only until the layer has taken it; use
    /// <see cref="Layer"/> to wait for more. The messages that a consumer sends keep their order.
    /// </summary>
    /// <param name="group">The group; this consumer need not be a member.</param>
    /// <param name="message">The message.</param>
    /// <param name="exceptSelf">Whether this consumer, if it is a member, is not to get it.</param>
    protected internal Task GroupSendAsync(string group, Message message, bool exceptSelf = false) =>
        Context.GroupSendAsync(group, message, exceptSelf ? ChannelName : null).AsTask();

    /// <summary>Sends a message to one channel.</summary>
    /// <exception cref="ChannelFullException">The channel is full.</exception>
    protected internal Task SendAsync(string channel, Message message) => Layer.SendAsync(channel, message).AsTask();

    /// <summary>Takes a message that the layer brought to its handler. Override it to take messages in another way.</summary>
    /// <exception cref="InvalidOperationException">There is no handler for it.</exception>
    protected internal virtual Task DispatchAsync(Message message) =>
        Context.Services.Types.Require(message).Handle(this, message) ?? throw new InvalidOperationException(
            message is UntypedMessage untyped
                ? $"{GetType()} got a message of the type \"{untyped.Type}\", which this process does not know, and has no handler for it. Write a record "
                    + $"with [MessageType(\"{untyped.Type}\")], .AddMessage<…>() for it and IHandle<…> into the header, or do not send it such messages."
                : $"{GetType()} got a {message.GetType()} and has no handler for it. "
                    + $"Write IHandle<{message.GetType().Name}> into its header, or do not send it such messages.");

    /// <summary>Takes a message, in a trace of its own if somebody traces.</summary>
    internal Task DispatchTracedAsync(Message message) => ChannelsActivities.AreHeard
        ? ChannelsActivities.HandleAsync(message, GetType().Name, () => DispatchAsync(message))
        : DispatchAsync(message);

    /// <summary>Takes what the client did.</summary>
    /// <returns>False when that was the end of the connection.</returns>
    protected internal abstract Task<bool> DispatchAsync(ClientEvent clientEvent);

    /// <summary>A handler has thrown; the connection is to be ended as one that failed.</summary>
    protected internal abstract Task FailAsync();

    /// <summary>A handler has left unhandled what says how the client is to be refused.</summary>
    internal virtual Task RefuseAsync(Refusal refusal) => SendAsync(refusal);

    /// <summary>The connection has ended, in whatever way it did; runs exactly once for each that has begun.</summary>
    protected internal abstract Task EndAsync();

    /// <summary>Lives from the beginning of its connection to the end.</summary>
    internal virtual Task RunAsync(Scope scope, IConnection connection, IChannelLayer layer, ConsumerServices services, ILogger logger) =>
        new ConsumerRun(this, services, logger).RunAsync(scope, connection, layer);

    /// <summary>Does something to the client.</summary>
    /// <exception cref="OperationCanceledException">The client is gone (<see cref="Scope.Aborted"/>). A handler that does not catch it ends, which does not count as a failure.</exception>
    protected Task SendAsync(ServerEvent serverEvent) => Context.Phase switch
    {
        ConsumerPhase.Running => PassAsync(serverEvent),
        ConsumerPhase.Ending => Task.CompletedTask,
        _ => Task.FromException(new ClientGoneException(Scope.Aborted)),
    };

    private protected virtual Task PassAsync(ServerEvent serverEvent) => Context.Connection.SendAsync(serverEvent).AsTask();
}
