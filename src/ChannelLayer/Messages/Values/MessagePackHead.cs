namespace ChannelsNet.Messages.Values;

internal enum MessagePackKind
{
    Null,
    Boolean,
    Signed,
    Unsigned,
    Float,
    Text,
    Bytes,
    List,
    Map,

    /// <summary>A value with a code of its own: the code, then as many bytes as the head says.</summary>
    Extension,
}

/// <summary>How a value of msgpack begins: its kind, and the value itself or how many bytes, values or pairs follow.</summary>
internal readonly record struct MessagePackHead(MessagePackKind Kind, ulong Bits)
{
    public long Length => (long)Bits;
}
