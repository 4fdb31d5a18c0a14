using System.Collections.Frozen;

namespace ChannelsNet.Messages;

/// <summary>The types of message that this process knows, one for each <c>AddMessage</c> line.</summary>
internal sealed class MessageTypes
{
    private readonly FrozenDictionary<string, MessageType> _byName;
    private readonly FrozenDictionary<Type, MessageType> _byType;

    public MessageTypes(IEnumerable<MessageType> types)
    {
        var all = types.DistinctBy(type => type.Type).ToArray();
        var twice = all.GroupBy(type => type.Name).Where(same => same.Count() > 1).ToArray();
        if (twice.Length > 0)
        {
            throw new InvalidOperationException(string.Join(Environment.NewLine, twice.Select(same =>
                $"Message type \"{same.Key}\" is the name of {string.Join(" and of ", same.Select(type => type.Type))}; "
                + "a name belongs to one class: change one [MessageType].")));
        }

        All = all;
        _byName = all.ToFrozenDictionary(type => type.Name);
        _byType = all.Append(MessageType.Untyped).ToFrozenDictionary(type => type.Type);
    }

    /// <summary>Those that have a class of their own.</summary>
    public IReadOnlyList<MessageType> All { get; }

    public MessageType? Find(string name) => _byName.GetValueOrDefault(name);

    public MessageType? Find(Type type) => _byType.GetValueOrDefault(type);

    public MessageType Require(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (message is UntypedMessage untyped)
        {
            Check(untyped);
        }

        return Find(message.GetType()) ?? throw Unknown(message.GetType());
    }

    public static InvalidOperationException Unknown(Type type) => new(
        $"This process does not know the message {type}. Add it where the channels are added: .AddMessage<{type.Name}>().");

    private static void Check(UntypedMessage message)
    {
        if (string.IsNullOrEmpty(message.Type))
        {
            throw new InvalidOperationException(
                $"An {nameof(UntypedMessage)} has no {nameof(UntypedMessage.Type)}; expected the name of one, such as \"chat.message\".");
        }

        if (message.Values is null)
        {
            throw new InvalidOperationException(
                $"The message \"{message.Type}\" has no {nameof(UntypedMessage.Values)}; expected a map, which may be empty.");
        }

        if (MessageHead.Keys.FirstOrDefault(message.Values.ContainsKey) is { } taken)
        {
            throw new InvalidOperationException(
                $"The message \"{message.Type}\" has {nameof(UntypedMessage.Values)}[\"{taken}\"], which is where the message's type or "
                + "route stands. Give it another name.");
        }
    }
}
