using System.Buffers;
using System.Text;
using ChannelsNet.Messages;
using ChannelsNet.Support;
using CsCheck;

namespace ChannelsNet.Fuzz;

/// <summary>What comes from Redis may be anything: it is a message, or it is refused in the one way that the layers count.</summary>
public sealed class SerializerFuzzTests
{
    private static readonly MessageTypes _types = new([MessageType.Create<Note>(new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver())]);

    private static readonly Dictionary<string, IMessageSerializer> _serializers = new()
    {
        ["json"] = new JsonMessageSerializer(_types),
        ["msgpack"] = new MessagePackMessageSerializer(_types),
        ["json, encrypted"] = new FernetMessageSerializer(new JsonMessageSerializer(_types), ["secret"], null, TimeProvider.System),
        ["msgpack, encrypted"] = new FernetMessageSerializer(new MessagePackMessageSerializer(_types), ["secret"], TimeSpan.FromMinutes(1), TimeProvider.System),
    };

    private static readonly Gen<object?> _leaf = Gen.OneOf<object?>(
        Gen.Const((object?)null),
        Gen.Bool.Select(value => (object?)value),
        Gen.Long.Select(value => (object?)value),
        Gen.Double[-1e9, 1e9].Select(value => (object?)value),
        Gen.OneOf("", "text", "häh 😀", "\0", "\"\\\u2028").Select(value => (object?)value));

    private static readonly Gen<object?> _value = Nested(3);

    private static readonly Gen<UntypedMessage> _message = Gen.Dictionary(Gen.String[Gen.Char.AlphaNumeric, 1, 8].Where(name => name != "type"), _value)[0, 5]
        .Select(values => new UntypedMessage("fuzz.any", values));

    public static TheoryData<string> Names => [.. _serializers.Keys];

    /// <summary>A message that travels through here.</summary>
    [MessageType("fuzz.note")]
    private sealed record Note(string Text, int Number = 0, IReadOnlyList<string>? List = null) : Message;

    [Theory]
    [MemberData(nameof(Names))]
    public void What_was_written_is_read_again(string name) => _message.Sample(
        message =>
        {
            var read = Assert.IsType<UntypedMessage>(_serializers[name].Deserialize(Write(name, message), out _));
            Assert.Equal(message.Type, read.Type);
            Assert.True(AreEqual(message.Values, read.Values), Encoding.UTF8.GetString(Write("json", message)));
        },
        iter: Fuzzing.Cases(3000));

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_comes_is_a_message_or_no_message(string name) => Gen.OneOf<byte[]>(
        Gen.Byte.Array[0, 60],
        Gen.Select(_message, Gen.Int[0, 10_000], Gen.Byte, Gen.Int[0, 3], (message, where, change, how) => Change(Write(name, message), where, change, how)),
        Gen.Select(Gen.Int[0, 10_000], Gen.Byte, Gen.Int[0, 3], (where, change, how) => Change(Write(name, new Note("text", 7, ["a", "b"])), where, change, how))).Sample(
        bytes => IsMessageOrNot(name, bytes), iter: Fuzzing.Cases(12_000));

    [Fact]
    public void A_sealed_message_of_which_a_bit_has_changed_is_refused() => Gen.Select(_message, Gen.Int[0, 10_000], Gen.Int[0, 7]).Sample(
        (message, where, bit) =>
        {
            var bytes = Write("msgpack, encrypted", message);
            bytes[where % bytes.Length] ^= (byte)(1 << bit);
            Assert.Throws<FormatException>(() => _serializers["msgpack, encrypted"].Deserialize(bytes, out _));
        },
        iter: Fuzzing.Cases(3000));

    /// <summary>What is small and says that it is large, or deep.</summary>
    [Theory]
    [InlineData("msgpack", "DDFFFFFFFF")]
    [InlineData("msgpack", "DFFFFFFFFF")]
    [InlineData("msgpack", "C6FFFFFFFF")]
    [InlineData("msgpack", "82A474797065A178A176DDFFFFFFFF")]
    [InlineData("msgpack", "82A474797065A178A176DFFFFFFFFF")]
    [InlineData("msgpack", "82A474797065A178A176C6FFFFFFFF")]
    [InlineData("msgpack", "82A474797065A178A176DBFFFFFFFF")]
    [InlineData("msgpack", "82A474797065A178A176C9FFFFFFFF01")]
    [InlineData("json", "deep arrays")]
    [InlineData("json", "deep objects")]
    [InlineData("msgpack", "deep arrays")]
    [InlineData("msgpack", "deep maps")]
    public void A_lie_of_length_or_depth_takes_no_memory_and_no_stack(string name, string what)
    {
        const int Depth = 200_000;
        byte[] bytes = (name, what) switch
        {
            ("json", "deep arrays") => Encoding.UTF8.GetBytes($$"""{"type":"x","v":{{new string('[', Depth) + new string(']', Depth)}} }"""),
            ("json", "deep objects") => Encoding.UTF8.GetBytes($$"""{"type":"x","v":{{string.Concat(Enumerable.Repeat("{\"v\":", Depth))}}1{{new string('}', Depth)}} }"""),
            ("msgpack", "deep arrays") => [.. Convert.FromHexString("82A474797065A178A176"), .. Enumerable.Repeat((byte)0x91, Depth), 0x01],
            ("msgpack", "deep maps") => [.. Convert.FromHexString("82A474797065A178A176"), .. Enumerable.Repeat(new byte[] { 0x81, 0xA1, 0x76 }, Depth).SelectMany(map => map), 0x01],
            _ => Convert.FromHexString(what),
        };
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<FormatException>(() => _serializers[name].Deserialize(bytes, out _));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000_000);
    }

    private static Gen<object?> Nested(int depth) => depth == 0 ? _leaf : Gen.Frequency<object?>(
        (3, _leaf),
        (1, Nested(depth - 1).List[0, 4].Select(list => (object?)list)),
        (1, Gen.Dictionary(Gen.String[Gen.Char.AlphaNumeric, 0, 6], Nested(depth - 1))[0, 4].Select(map => (object?)map)));

    private static byte[] Write(string name, Message message)
    {
        var output = new ArrayBufferWriter<byte>();
        _serializers[name].Serialize(message, default, output);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Change(byte[] bytes, int where, byte change, int how)
    {
        where %= bytes.Length;
        switch (how)
        {
            case 0:
                return bytes[..where];
            case 1:
                return [.. bytes[..where], change, .. bytes[where..]];
            case 2:
                return [.. bytes, change];
            default:
                bytes[where] ^= change;
                return bytes;
        }
    }

    private static bool IsMessageOrNot(string name, byte[] bytes)
    {
        try
        {
            return _serializers[name].Deserialize(bytes, out _) is not null;
        }
        catch (FormatException fault)
        {
            return fault.Message.Length > 0;
        }
    }

    private static bool AreEqual(object? one, object? other) => (one, other) switch
    {
        (null, null) => true,
        (IReadOnlyDictionary<string, object?> map, IReadOnlyDictionary<string, object?> read) =>
            map.Count == read.Count && map.All(member => read.TryGetValue(member.Key, out var value) && AreEqual(member.Value, value)),
        (string text, string read) => text == read,
        (IReadOnlyList<object?> list, IReadOnlyList<object?> read) => list.Count == read.Count && list.Zip(read).All(pair => AreEqual(pair.First, pair.Second)),
        (double number, _) => other is not null && number.Equals(Convert.ToDouble(other, System.Globalization.CultureInfo.InvariantCulture)),
        _ => Equals(one, other),
    };
}
