using System.Text;

namespace ChannelsNet;

/// <summary>
/// What travels over a layer: an immutable record that says its type with <see cref="MessageTypeAttribute"/>. All who get it in one
/// process get the same object, so it must not change once it is made: no setters, no lists that somebody can add to.
/// </summary>
/// <example>
/// <code>
/// [MessageType("chat.message")]
/// public sealed record ChatMessage(string Text) : Message;
/// </code>
/// </example>
public abstract record Message
{
    private object? _payloads;

    /// <summary>Makes a message.</summary>
    protected Message()
    {
    }

    /// <summary>Makes a copy, which is a message of its own.</summary>
    protected Message(Message original)
    {
    }

    /// <summary>
    /// Holds the payloads that this object has been serialized to, so that it is written once for all clients. Not a part of the message: not of its
    /// equality, its text or its copies.
    /// </summary>
    internal ref object? Payloads => ref _payloads;

    /// <summary>The trace that it was sent in (W3C Trace Context, "traceparent"); null for none. No part of the message either.</summary>
    internal string? TraceParent { get; set; }

    /// <summary>Whether the other is a message of the same class; derived records compare their members.</summary>
    public virtual bool Equals(Message? other) => other is not null && EqualityContract == other.EqualityContract;

    /// <inheritdoc/>
    public override int GetHashCode() => EqualityContract.GetHashCode();

    /// <summary>Adds this class's members to the text of the message: none.</summary>
    protected virtual bool PrintMembers(StringBuilder builder) => false;
}

/// <summary>
/// The name of a message's type, by which other processes know it; on the wire the value of the key "type".
/// </summary>
/// <param name="name">By custom dotted lower-case words such as <c>chat.message</c>.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class MessageTypeAttribute(string name) : Attribute
{
    /// <summary>The name of the type.</summary>
    public string Name { get; } = name;
}

/// <summary>
/// Takes messages of one type. The header of a consumer is thereby the list of what a layer can bring it; nothing else of it
/// can be called from outside.
/// </summary>
/// <typeparam name="TMessage">The type of message; <see cref="Message"/> takes every type that no other handler takes.</typeparam>
public interface IHandle<in TMessage>
    where TMessage : Message
{
    /// <summary>Handles one message. The next one comes when the returned task has ended.</summary>
    Task HandleAsync(TMessage message);
}
