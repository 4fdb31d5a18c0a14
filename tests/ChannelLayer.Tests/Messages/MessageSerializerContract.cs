using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ChannelsNet.Messages;

/// <summary>What every serializer does.</summary>
public abstract class MessageSerializerContract
{
    private IMessageSerializer? _serializer;

    /// <summary>Of the types of <see cref="Samples"/>.</summary>
    internal IMessageSerializer Serializer => _serializer ??= Create(Samples.Types);

    private protected abstract IMessageSerializer Create(MessageTypes types);

    [Fact]
    public void A_message_of_a_known_type_is_read_as_its_class() =>
        Assert.Equal(new Chat("hé😀\"\\\n\u0001"), Serializer.Read(Serializer.Write(new Chat("hé😀\"\\\n\u0001"))));

    [Fact]
    public void Every_kind_of_member_arrives_as_it_was_sent()
    {
        var sent = new Kinds
        {
            Flag = true,
            Long = long.MinValue,
            Large = ulong.MaxValue,
            Double = 1.0,
            Float = 0.1f,
            Money = 12.5m,
            Text = new string('x', 70_000),
            Bytes = [0, 1, 255],
            Memory = new byte[] { 7 },
            Names = new Dictionary<string, string> { ["Ä b"] = "c" },
            Day = DayOfWeek.Friday,
            At = new DateTimeOffset(2026, 11, 22, 10, 0, 0, TimeSpan.FromHours(1)),
            Nested = new Line("tea", 2),
            Anything = JsonElement.Parse("""{"a":[1,1.0,null,{"$bytes":"AAE="}]}"""),
        };

        var came = Assert.IsType<Kinds>(Serializer.Read(Serializer.Write(sent)));

        Assert.Equal(sent.Bytes, came.Bytes);
        Assert.Equal(sent.Memory.ToArray(), came.Memory.ToArray());
        Assert.Equal(sent.Names, came.Names);
        Assert.Equal(sent.Anything.GetRawText(), came.Anything.GetRawText());
        Assert.Equal(
            sent with { Bytes = null, Memory = default, Names = null, Anything = default },
            came with { Bytes = null, Memory = default, Names = null, Anything = default });
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    [InlineData(0.1)]
    [InlineData(1e22)]
    [InlineData(-1e-300)]
    [InlineData(double.MaxValue)]
    [InlineData(double.MinValue)]
    [InlineData(double.Epsilon)]
    public void A_float_stays_the_same_float(double value)
    {
        Assert.Equal(value, Assert.IsType<Kinds>(Serializer.Read(Serializer.Write(new Kinds { Double = value, Anything = Null }))).Double);
        Assert.Equal($"test.untyped {{v: Double {Samples.Show(value)[7..]}}}", RoundTrip(Samples.Untyped(("v", value))));
    }

    [Fact]
    public void A_zero_keeps_its_sign()
    {
        var came = (Kinds)Serializer.Read(Serializer.Write(new Kinds { Double = -0.0, Anything = Null }));
        Assert.True(double.IsNegative(came.Double));
        Assert.Equal("test.untyped {v: Double -0}", RoundTrip(Samples.Untyped(("v", -0.0))));
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(1L)]
    [InlineData(-1L)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    [InlineData(1L << 53)]
    public void An_integer_stays_the_same_integer(long value)
    {
        Assert.Equal(value, Assert.IsType<Kinds>(Serializer.Read(Serializer.Write(new Kinds { Long = value, Anything = Null }))).Long);
        Assert.Equal($"test.untyped {{v: Int64 {value}}}", RoundTrip(Samples.Untyped(("v", value))));
    }

    [Fact]
    public void An_untyped_message_is_read_with_every_kind_of_value()
    {
        var message = Samples.Untyped(
            ("null", null),
            ("yes", true),
            ("small", (byte)7),
            ("large", ulong.MaxValue),
            ("single", 0.5f),
            ("text", "hé😀"),
            ("bytes", new byte[] { 0, 255 }),
            ("memory", new ReadOnlyMemory<byte>([1])),
            ("list", new object?[] { 1, "a", new List<object?>(), null }),
            ("map", new Dictionary<string, object?> { ["type"] = "inner", [""] = new Dictionary<string, object?>() }));

        Assert.Equal(
            "test.untyped {null: null, yes: Boolean True, small: Int64 7, large: UInt64 18446744073709551615, single: Double 0.5, "
            + $"text: {Samples.Show((object)"hé😀")}, bytes: bytes 00FF, memory: bytes 01, list: [Int64 1, a, [], null], "
            + "map: {type: inner, : {}}}",
            RoundTrip(message));
    }

    [Fact]
    public void An_untyped_message_of_a_known_type_is_read_as_its_class() =>
        Assert.Equal(
            new Chat("hi"),
            Serializer.Read(Serializer.Write(new UntypedMessage("chat.message", new Dictionary<string, object?> { ["text"] = "hi" }))));

    [Fact]
    public void A_message_of_an_unknown_type_is_read_untyped()
    {
        var elsewhere = Create(new MessageTypes([]));
        Assert.Equal("chat.message {text: hi}", Samples.Show(elsewhere.Read(Serializer.Write(new Chat("hi")))));
    }

    [Fact]
    public void Random_untyped_messages_arrive_as_they_were_sent()
    {
        var random = new Random(20261122);
        for (var turn = 0; turn < 100; turn++)
        {
            var message = new UntypedMessage(RandomText(random) + ".", RandomMap(random, depth: 0));
            Assert.Equal(Samples.Show(message), RoundTrip(message));
        }
    }

    [Fact]
    public void A_route_travels_with_a_message_and_is_not_seen_by_its_reader()
    {
        var route = new MessageRoute { Channel = "specific.a!b", Except = "specific.a!c", ExceptProcess = "specific.d!" };

        Assert.Equal(new Chat("hi"), Serializer.Deserialize(Serializer.Write(new Chat("hi"), route), out var typed));
        Assert.Equal("test.untyped {}", Samples.Show(Serializer.Deserialize(Serializer.Write(Samples.Untyped(), route), out var untyped)));

        Assert.Equal((route, route), (typed, untyped));
    }

    [Theory]
    [InlineData("a!b")]
    [InlineData("a!b", "a!c", "a!d")]
    [InlineData]
    public void A_route_can_name_several_channels(params string[] channels)
    {
        Serializer.Deserialize(Serializer.Write(new Chat("hi"), new MessageRoute { Channels = channels }), out var route);
        Assert.Null(route.Channel);
        Assert.Equal(channels, route.Channels);
    }

    [Fact]
    public void A_message_without_a_route_has_none()
    {
        Serializer.Deserialize(Serializer.Write(new Chat("hi")), out var route);
        Assert.Equal(default, route);
    }

    [Fact]
    public void A_class_that_keeps_unknown_members_does_not_keep_the_route()
    {
        var sent = new Keeping { Rest = new() { ["more"] = JsonElement.Parse("[1]") } };
        var came = (Keeping)Serializer.Read(Serializer.Write(sent, new MessageRoute { Except = "a!b" }));
        Assert.Equal(["more"], came.Rest!.Keys);
    }

    [Fact]
    public void Members_that_a_class_does_not_have_are_passed_over() =>
        Assert.Equal(
            new Chat("hi"),
            Serializer.Read(Serializer.Write(Untyped("chat.message", ("more", new object?[] { 1 }), ("text", "hi")))));

    [Fact]
    public void Members_that_are_missing_have_their_defaults() =>
        Assert.Equal(new Order(7, null, null), Serializer.Read(Serializer.Write(Untyped("shop.order", ("order_id", 7)))));

    [Theory]
    [InlineData("$.order_id", "order_id", "seven")]
    [InlineData("$.order_id", "order_id", 7.0)]
    [InlineData("$.placed_at", "placed_at", "yesterday")]
    [InlineData("$.lines", "lines", true)]
    public void A_member_of_the_wrong_kind_is_named(string path, string member, object value)
    {
        var fault = Assert.Throws<FormatException>(() => Serializer.Read(Serializer.Write(Untyped("shop.order", (member, value)))));
        Assert.Contains(
            $"\"shop.order\" came that does not fit ChannelsNet.Messages.Order at {path}:", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_nested_member_of_the_wrong_kind_is_named()
    {
        var line = new Dictionary<string, object?> { ["price"] = "much" };
        var fault = Assert.Throws<FormatException>(
            () => Serializer.Read(Serializer.Write(Untyped("shop.order", ("lines", new object?[] { null, line })))));
        Assert.Contains("at $.lines[1].price:", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_is_not_taken_for_bytes_nor_bytes_for_text()
    {
        Assert.Throws<FormatException>(() => Serializer.Read(Serializer.Write(Untyped("test.kinds", ("bytes", "AAE=")))));
        Assert.Throws<FormatException>(() => Serializer.Read(Serializer.Write(Untyped("chat.message", ("text", new byte[] { 1 })))));
    }

    [Fact]
    public void A_class_may_refuse_what_came()
    {
        var fault = Assert.Throws<FormatException>(() => Serializer.Read(Serializer.Write(Untyped("test.picky", ("number", -1)))));
        Assert.Contains("of which no ChannelsNet.Messages.Picky can be made", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_of_no_kind_that_messages_have_is_named()
    {
        var message = Samples.Untyped(("a", new object?[] { 1, 2, new DateTime(2026, 1, 1) }));
        var fault = Assert.Throws<InvalidOperationException>(() => Serializer.Write(message));
        Assert.Contains(
            "\"test.untyped\" can't be sent: at Values[\"a\"][2] a System.DateTime is no value", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_character_is_refused_where_it_is_sent()
    {
        // In a loop, since no attribute can hold them.
        foreach (var text in new[] { "\ud83d", "a\ude00b", "\ud83d\ud83d\ude00" })
        {
            AssertRefused("Values[\"a\"]", Samples.Untyped(("a", text)));
            AssertRefused("Values", Samples.Untyped((text, 1)));
            AssertRefused("at Type ", Samples.Untyped() with { Type = $"test.{text}" });
            AssertRefused("Text", new Chat(text));
            AssertRefused("Names", new Kinds { Names = new Dictionary<string, string> { [text] = "a" }, Anything = Null });
        }
    }

    [Fact]
    public void Lists_in_themselves_are_refused_where_they_are_sent()
    {
        var list = new List<object?>();
        list.Add(list);
        AssertRefused("Values[\"a\"][0][0]", Samples.Untyped(("a", list)));
    }

    [Theory]
    [InlineData(62)]
    [InlineData(63)]
    public void A_message_may_be_nested_as_deep_as_can_be_read(int lists)
    {
        // Bytes and NaN are boxed in JSON, which must not count.
        object? value = new byte[] { 1 };
        for (var level = 0; level < lists; level++)
        {
            value = new[] { value };
        }

        var message = Samples.Untyped(("a", value));
        Assert.Equal(Samples.Show(message), RoundTrip(message));
        AssertRefused("deep", Samples.Untyped(("a", new object?[] { new object?[] { value } })));
    }

    [Fact]
    public void A_member_nested_too_deep_is_refused_where_it_is_sent()
    {
        var json = new string('[', 100) + new string(']', 100);
        using var deep = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 100 });
        AssertRefused("Kinds", new Kinds { Anything = deep.RootElement });
    }

    [Theory]
    [InlineData("type")]
    [InlineData("__asgi_channel__")]
    [InlineData("__except__")]
    [InlineData("__except_process__")]
    [InlineData("__traceparent__")]
    public void The_layers_own_keys_are_refused_as_members(string key)
    {
        AssertRefused($"Values[\"{key}\"]", Samples.Untyped((key, "a")));
        Serializer.Write(Samples.Untyped(("a", new Dictionary<string, object?> { [key] = "a" })));
    }

    [Fact]
    public void A_class_can_not_have_the_layers_own_keys()
    {
        var serializer = Create(new MessageTypes([MessageType.Create<Clashing>(new DefaultJsonTypeInfoResolver())]));
        var fault = Assert.Throws<InvalidOperationException>(() => serializer.Write(new Clashing("a")));
        Assert.Contains("written as \"type\"", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_without_a_type_is_refused() =>
        AssertRefused("no Type", new UntypedMessage("", new Dictionary<string, object?>()));

    [Fact]
    public void Nothing_is_written_of_a_message_that_is_refused()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        Assert.Throws<InvalidOperationException>(
            () => Serializer.Serialize(Samples.Untyped(("a", 1), ("b", new object())), default, output));
        Assert.Equal(0, output.WrittenCount);
    }

    [Fact]
    public void Whatever_bytes_come_they_are_a_message_or_no_message()
    {
        var random = new Random(1729);
        for (var turn = 0; turn < 2_000; turn++)
        {
            var bytes = new byte[random.Next(80)];
            random.NextBytes(bytes);
            AssertMessageOrFormatException(bytes);
        }
    }

    [Fact]
    public void Whatever_becomes_of_a_message_on_its_way_it_is_a_message_or_none()
    {
        var random = new Random(6174);
        Message[] messages =
        [
            new Chat("hé"),
            new Order(7, DateTimeOffset.UnixEpoch, [new Line("tea", 1.5), new Line("cup", 2)]),
            new Kinds { Bytes = [1, 2], Double = 1e300, Names = new Dictionary<string, string> { ["a"] = "b" }, Anything = Null },
            new UntypedMessage("x", RandomMap(random, depth: 0)),
        ];
        foreach (var message in messages)
        {
            var whole = Serializer.Write(message, new MessageRoute { Channels = ["a!b", "a!c"], Except = "a!c" });
            for (var turn = 0; turn < 1_500; turn++)
            {
                AssertMessageOrFormatException(Mutate(random, whole));
            }
        }
    }

    private protected void AssertRefused(string place, Message message)
    {
        var fault = Assert.Throws<InvalidOperationException>(() => Serializer.Write(message));
        Assert.Contains(place, fault.Message, StringComparison.Ordinal);
    }

    private protected string RoundTrip(UntypedMessage message) => Samples.Show(Serializer.Read(Serializer.Write(message)));

    private protected static JsonElement Null { get; } = JsonElement.Parse("null");

    private static UntypedMessage Untyped(string type, params (string Key, object? Value)[] values) =>
        Samples.Untyped(values) with { Type = type };

    private void AssertMessageOrFormatException(byte[] bytes)
    {
        try
        {
            Assert.NotNull(Serializer.Read(bytes));
        }
        catch (FormatException fault)
        {
            Assert.NotEmpty(fault.Message);
        }
        catch (Exception fault) when (fault is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{fault.GetType()} for {Convert.ToHexString(bytes)}: {fault}");
        }
    }

    private static byte[] Mutate(Random random, byte[] whole)
    {
        var bytes = whole.ToList();
        for (var changes = random.Next(1, 4); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 4), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(0, Math.Min(random.Next(1, 9), bytes.Count)));
                    break;
                default:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return [.. bytes];
    }

    private static Dictionary<string, object?> RandomMap(Random random, int depth) =>
        Enumerable.Range(0, random.Next(depth == 0 ? 40 : 5)).Select(_ => RandomText(random)).Distinct()
            .ToDictionary(key => key, _ => RandomValue(random, depth + 1));

    private static object? RandomValue(Random random, int depth) => random.Next(depth > 6 ? 7 : 9) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64),
        3 => ulong.MaxValue - (ulong)random.Next(1000),
        4 => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-300, 300)),
        5 => RandomText(random),
        6 => RandomBytes(random),
        7 => Enumerable.Range(0, random.Next(20)).Select(_ => RandomValue(random, depth + 1)).ToArray(),
        _ => RandomMap(random, depth),
    };

    private static byte[] RandomBytes(Random random)
    {
        var bytes = new byte[random.Next(300)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string RandomText(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => random.Next(4) switch
        {
            0 => char.ConvertFromUtf32(random.Next(0x10000, 0x110000)),
            1 => $"{(char)random.Next(0x20)}",
            2 => $"{(char)random.Next(0x80, 0xd800)}",
            _ => $"{(char)random.Next(0x20, 0x7f)}",
        }));

    [MessageType("test.clashing")]
    private sealed record Clashing(string Type) : Message;
}
