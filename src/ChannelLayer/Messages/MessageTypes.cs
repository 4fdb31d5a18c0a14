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
        _byType = all.ToFrozenDictionary(type => type.Type);
    }

    public IReadOnlyList<MessageType> All { get; }

    public MessageType? Find(string name) => _byName.GetValueOrDefault(name);

    public MessageType? Find(Type type) => _byType.GetValueOrDefault(type);

    public MessageType Require(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Find(message.GetType()) ?? throw Unknown(message.GetType());
    }

    public static InvalidOperationException Unknown(Type type) => new(
        $"This process does not know the message {type}. Add it where the channels are added: .AddMessage<{type.Name}>().");
}
