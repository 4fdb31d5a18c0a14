using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json.Serialization.Metadata;

namespace ChannelsNet.Messages;

/// <summary>One type of message that this process knows: its name, its class, and how to call whoever handles it.</summary>
internal abstract class MessageType(string name, Type type, IJsonTypeInfoResolver resolver)
{
    public string Name { get; } = name;

    public Type Type { get; } = type;

    /// <summary>Knows the members of <see cref="Type"/>.</summary>
    public IJsonTypeInfoResolver Resolver { get; } = resolver;

    /// <summary>That of every <see cref="UntypedMessage"/>, which says its name itself.</summary>
    public static MessageType Untyped { get; } = new Typed<UntypedMessage>("(untyped)", JsonTypeInfoResolver.Combine());

    /// <summary>Calls the handler's method for this type; null if it has none.</summary>
    public abstract Task? Handle(object handler, Message message);

    public static MessageType Create<TMessage>(IJsonTypeInfoResolver resolver)
        where TMessage : Message
    {
        var name = typeof(TMessage).GetCustomAttribute<MessageTypeAttribute>(inherit: false)?.Name;
        return string.IsNullOrEmpty(name)
            ? throw new InvalidOperationException(
                $"{typeof(TMessage)} has no message type. Write above it: [MessageType(\"{Suggest(typeof(TMessage).Name)}\")].")
            : new Typed<TMessage>(name, resolver);
    }

    /// <summary>ChatMessage becomes chat.message.</summary>
    [SuppressMessage("Globalization", "CA1308:Normalize strings to uppercase", Justification = "Message types are lower-case by custom.")]
    private static string Suggest(string type) =>
        string.Concat(type.Select((c, i) => char.IsUpper(c) && i > 0 ? $".{c}" : $"{c}")).ToLowerInvariant();

    private sealed class Typed<TMessage>(string name, IJsonTypeInfoResolver resolver) : MessageType(name, typeof(TMessage), resolver)
        where TMessage : Message
    {
        public override Task? Handle(object handler, Message message) =>
            handler is IHandle<TMessage> handles ? handles.HandleAsync((TMessage)message) : null;
    }
}
