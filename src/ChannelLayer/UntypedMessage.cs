namespace ChannelsNet;

/// <summary>
/// A message as it is on the wire: what this process gets when it does not know the message's type, and what a gateway or a tool sends
/// without a class for it. A consumer takes it as <c>IHandle&lt;UntypedMessage&gt;</c>.
/// </summary>
/// <param name="Type">The name of its type, such as <c>chat.message</c>.</param>
/// <param name="Values">
/// Its other members, under their names on the wire. A value is null, a <see cref="bool"/>, <see cref="long"/> (<see cref="ulong"/> above its range),
/// <see cref="double"/>, <see cref="string"/>, a byte array, an <see cref="IReadOnlyList{T}"/> of values, or an
/// <see cref="IReadOnlyDictionary{TKey, TValue}"/> from names to values. It must not change once it is in a message.
/// </param>
public sealed record UntypedMessage(string Type, IReadOnlyDictionary<string, object?> Values) : Message;
