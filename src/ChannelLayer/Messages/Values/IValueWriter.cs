namespace ChannelsNet.Messages.Values;

/// <summary>
/// Is told the values of a message one after the other. A message has three forms, msgpack, JSON and objects; each has one who reads
/// it and tells what it reads, and one who is told and writes it. So each form becomes each other.
/// </summary>
/// <remarks>
/// In JSON, which has neither, bytes are <c>{"$bytes":"base64"}</c> and numbers that are not finite <c>{"$double":"NaN"}</c>,
/// <c>"Infinity"</c> or <c>"-Infinity"</c>. In the other forms they are what they are.
/// </remarks>
internal interface IValueWriter
{
    /// <summary>How deep lists and maps nest, the message's own map counted. Python reads about 1000, but no message needs it.</summary>
    const int MaxDepth = 64;

    void Null();

    void Boolean(bool value);

    void Integer(long value);

    void Integer(ulong value);

    void Float(double value);

    /// <param name="utf8">Valid UTF-8.</param>
    void Text(ReadOnlySpan<byte> utf8);

    void Bytes(ReadOnlySpan<byte> value);

    void StartList();

    void EndList();

    void StartMap();

    /// <param name="utf8">Valid UTF-8.</param>
    void Key(ReadOnlySpan<byte> utf8);

    void EndMap();
}
