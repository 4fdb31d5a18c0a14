using System.Text;

namespace ChannelsNet.Messages;

public sealed class MessagePackMessageSerializerTests : MessageSerializerContract
{
    private const string Hi = "82a474797065ac636861742e6d657373616765a474657874a26869";

    // The shortest message around one value "v"; its head is of a map of two.
    private const string Head = "82a474797065a178a176";

    private protected override IMessageSerializer Create(MessageTypes types) => new MessagePackMessageSerializer(types);

    [Fact]
    public void A_message_has_the_bytes_that_python_writes() => Assert.Equal(Hi, Hex(Serializer.Write(new Chat("hi"))));

    [Fact]
    public void A_message_to_a_channel_has_the_bytes_that_python_writes()
    {
        const string channel = "specific.5d32cd61a75543cabcdcf57a46334e91!86843f894f654c10b486233763d03032";
        Assert.Equal(
            $"83{Hi[2..]}b05f5f617367695f6368616e6e656c5f5fd94a{Hex(Encoding.ASCII.GetBytes(channel))}",
            Hex(Serializer.Write(new Chat("hi"), new MessageRoute { Channel = channel })));
    }

    [Fact]
    public void A_group_message_has_the_bytes_that_python_writes()
    {
        const string first = "specific.5d32cd61a75543cabcdcf57a46334e91!86843f894f654c10b486233763d03032";
        const string second = "specific.5d32cd61a75543cabcdcf57a46334e91!50f50d272c14499daaf13fb806fe8d85";
        var bytes = Serializer.Write(new Chat("hi"), new MessageRoute { Channels = [first, second] });
        Assert.Equal(197, bytes.Length);
        Assert.Equal(
            $"83{Hi[2..]}b05f5f617367695f6368616e6e656c5f5f92"
            + $"d94a{Hex(Encoding.ASCII.GetBytes(first))}d94a{Hex(Encoding.ASCII.GetBytes(second))}",
            Hex(bytes));
    }

    /// <summary>CH-129, with the type that every message has.</summary>
    [Fact]
    public void Nested_values_have_the_bytes_that_python_writes() => Assert.Equal(
        "84a474797065a178" + "a161c3a162c0a16381a16490",
        Hex(Serializer.Write(new UntypedMessage("x", new Dictionary<string, object?>
        {
            ["a"] = true,
            ["b"] = null,
            ["c"] = new Dictionary<string, object?> { ["d"] = Array.Empty<object>() },
        }))));

    [Theory]
    [InlineData(0, "00")]
    [InlineData(127, "7f")]
    [InlineData(128, "cc80")]
    [InlineData(255, "ccff")]
    [InlineData(256, "cd0100")]
    [InlineData(65535, "cdffff")]
    [InlineData(65536, "ce00010000")]
    [InlineData(4294967295, "ceffffffff")]
    [InlineData(4294967296, "cf0000000100000000")]
    [InlineData(long.MaxValue, "cf7fffffffffffffff")]
    [InlineData(-1, "ff")]
    [InlineData(-32, "e0")]
    [InlineData(-33, "d0df")]
    [InlineData(-128, "d080")]
    [InlineData(-129, "d1ff7f")]
    [InlineData(-32768, "d18000")]
    [InlineData(-32769, "d2ffff7fff")]
    [InlineData(-2147483648, "d280000000")]
    [InlineData(-2147483649, "d3ffffffff7fffffff")]
    [InlineData(long.MinValue, "d38000000000000000")]
    public void An_integer_has_the_shortest_form(long value, string expected)
    {
        Assert.Equal(Head + expected, Hex(Serializer.Write(new UntypedMessage("x", new Dictionary<string, object?> { ["v"] = value }))));
        Assert.Equal($"x {{v: Int64 {value}}}", ReadValue(expected));
    }

    [Theory]
    [InlineData("cc05", "Int64 5")]
    [InlineData("cd0005", "Int64 5")]
    [InlineData("ce00000005", "Int64 5")]
    [InlineData("cf0000000000000005", "Int64 5")]
    [InlineData("d005", "Int64 5")]
    [InlineData("d0ff", "Int64 -1")]
    [InlineData("d1ffff", "Int64 -1")]
    [InlineData("d2ffffffff", "Int64 -1")]
    [InlineData("d3ffffffffffffffff", "Int64 -1")]
    [InlineData("cf8000000000000000", "UInt64 9223372036854775808")]
    [InlineData("cfffffffffffffffff", "UInt64 18446744073709551615")]
    [InlineData("ca3fc00000", "Double 1.5")]
    [InlineData("cb7ff8000000000000", "Double NaN")]
    [InlineData("cbfff0000000000000", "Double -Infinity")]
    [InlineData("d90161", "a")]
    [InlineData("da000161", "a")]
    [InlineData("db0000000161", "a")]
    [InlineData("c40107", "bytes 07")]
    [InlineData("c5000107", "bytes 07")]
    [InlineData("c60000000107", "bytes 07")]
    [InlineData("dc000105", "[Int64 5]")]
    [InlineData("dd0000000105", "[Int64 5]")]
    [InlineData("de0001a16105", "{a: Int64 5}")]
    [InlineData("df00000001a16105", "{a: Int64 5}")]
    [InlineData("81c4016105", "{a: Int64 5}")]
    [InlineData("82a16105a16106", "{a: Int64 6}")]
    public void Every_form_of_a_value_is_read(string form, string expected) => Assert.Equal($"x {{v: {expected}}}", ReadValue(form));

    [Theory]
    [InlineData("d40507", "bytes 07")]
    [InlineData("d5050708", "bytes 0708")]
    [InlineData("d8050102030405060708090a0b0c0d0e0f10", "bytes 0102030405060708090A0B0C0D0E0F10")]
    [InlineData("c70005", "bytes ")]
    [InlineData("c7020507ff", "bytes 07FF")]
    [InlineData("c800020507ff", "bytes 07FF")]
    [InlineData("c9000000020507ff", "bytes 07FF")]
    [InlineData("d6ff6553f100", "2023-11-14T22:13:20.0000000\\u002B00:00")]
    [InlineData("d7ff773594006553f100", "2023-11-14T22:13:20.5000000\\u002B00:00")]
    [InlineData("c70cff1dcd6500ffffffffffffffff", "1969-12-31T23:59:59.5000000\\u002B00:00")]
    [InlineData("c70cff000000007fffffffffffffff", "bytes 000000007FFFFFFFFFFFFFFF")]
    [InlineData("d7ffffffffff00000000", "bytes FFFFFFFF00000000")]
    public void An_extension_is_read_as_its_bytes_and_a_time_as_text(string form, string expected) =>
        Assert.Equal($"x {{v: {expected}}}", ReadValue(form));

    [Fact]
    public void A_time_of_another_packer_fits_a_date()
    {
        var message = Serializer.Read(Convert.FromHexString($"82a474797065{Text("shop.order")}{Text("placed_at")}d6ff6553f100"));
        Assert.Equal(new Order(0, DateTimeOffset.FromUnixTimeSeconds(1700000000), null), message);
    }

    [Theory]
    [InlineData(15, "8f")]
    [InlineData(16, "de0010")]
    [InlineData(65535, "deffff")]
    [InlineData(65536, "df00010000")]
    public void A_map_has_the_shortest_count(int members, string expected)
    {
        var map = Enumerable.Range(0, members).ToDictionary(number => $"{number}", object? (number) => (long)number);
        var bytes = Serializer.Write(Samples.Untyped(("v", map)));
        Assert.StartsWith(expected, Hex(bytes)["82a474797065ac746573742e756e7479706564a176".Length..], StringComparison.Ordinal);
        Assert.Equal($"test.untyped {{v: {Samples.Show(map)}}}", Samples.Show(Serializer.Read(bytes)));
    }

    [Theory]
    [InlineData(15, "9f")]
    [InlineData(16, "dc0010")]
    [InlineData(65535, "dcffff")]
    [InlineData(65536, "dd00010000")]
    public void A_list_has_the_shortest_count(int items, string expected)
    {
        var bytes = Serializer.Write(new UntypedMessage("x", new Dictionary<string, object?> { ["v"] = new object?[items], ["w"] = 1 }));
        Assert.StartsWith(expected, Hex(bytes)[Head.Length..], StringComparison.Ordinal);
        Assert.EndsWith("c0a17701", Hex(bytes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(31, "bf")]
    [InlineData(32, "d920")]
    [InlineData(255, "d9ff")]
    [InlineData(256, "da0100")]
    [InlineData(65535, "daffff")]
    [InlineData(65536, "db00010000")]
    public void Text_has_the_shortest_length(int length, string expected) => AssertRoundTrip(new string('x', length), expected);

    [Theory]
    [InlineData(0, "c400")]
    [InlineData(255, "c4ff")]
    [InlineData(256, "c50100")]
    [InlineData(65536, "c600010000")]
    public void Bytes_have_the_shortest_length(int length, string expected) => AssertRoundTrip(new byte[length], expected);

    [Fact]
    public void A_members_float_is_a_double_and_its_bytes_are_bytes()
    {
        var bytes = Hex(Serializer.Write(new Kinds { Double = 1.0, Float = 0.5f, Bytes = [7], Large = ulong.MaxValue, Anything = Null }));
        Assert.Contains($"{Text("double")}cb3ff0000000000000", bytes, StringComparison.Ordinal);
        Assert.Contains($"{Text("float")}cb3fe0000000000000", bytes, StringComparison.Ordinal);
        Assert.Contains($"{Text("bytes")}c40107", bytes, StringComparison.Ordinal);
        Assert.Contains($"{Text("memory")}c400", bytes, StringComparison.Ordinal);
        Assert.Contains($"{Text("large")}cfffffffffffffffff", bytes, StringComparison.Ordinal);
        Assert.Contains($"{Text("maybe")}c0", bytes, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void Numbers_that_are_not_finite_arrive(double value)
    {
        var sent = new Kinds { Double = value, Float = (float)value, Maybe = value, Anything = Null };
        var came = (Kinds)Serializer.Read(Serializer.Write(sent));
        Assert.Equal((value, (float)value, value), (came.Double, came.Float, came.Maybe));
        Assert.Equal($"test.untyped {{v: {Samples.Show(value)}}}", RoundTrip(Samples.Untyped(("v", value))));
    }

    [Fact]
    public void A_decimal_that_no_double_holds_is_refused() =>
        AssertRefused("Money", new Kinds { Money = 0.1234567890123456789m, Anything = Null });

    [Fact]
    public void An_integer_above_64_bits_is_refused() =>
        AssertRefused("[\"money\"]", new Kinds { Money = decimal.MaxValue, Anything = Null });

    [Theory]
    [InlineData("")]
    [InlineData("c0")]
    [InlineData("93010203")]
    [InlineData("80")]
    [InlineData("81a474797065c0")]
    [InlineData("81a474797065a0")]
    [InlineData("81a47479706505")]
    [InlineData("81a474797065c40178")]
    [InlineData(Hi + "00")]
    [InlineData("81c1c0")]
    [InlineData("82a474797065a17805c0")]
    [InlineData(Head + "c1")]
    [InlineData(Head + "8105c0")]
    [InlineData(Head + "81c0c0")]
    [InlineData(Head + "a1ff")]
    [InlineData(Head + "81a1ffc0")]
    [InlineData(Head + "a3eda080")]
    [InlineData(Head + "dbffffffff61")]
    [InlineData(Head + "c6ffffffff61")]
    [InlineData(Head + "c9ffffffff0561")]
    [InlineData(Head + "ddffffffffc0")]
    [InlineData(Head + "dfffffffffa161c0")]
    [InlineData(Head + "cf00")]
    [InlineData("dfffffffff" + "a474797065a178")]
    public void What_is_no_message_is_refused(string hex) =>
        Assert.Throws<FormatException>(() => Serializer.Read(Convert.FromHexString(hex)));

    [Fact]
    public void A_message_that_is_cut_is_refused_wherever_it_is_cut()
    {
        var whole = Serializer.Write(new Kinds { Bytes = [7], Text = new string('x', 300), Anything = Null });
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Throws<FormatException>(() => Serializer.Read(whole[..length]));
        }
    }

    [Theory]
    [InlineData("91")]
    [InlineData("81a161")]
    public void A_message_nested_too_deep_is_refused(string level)
    {
        var deep = string.Concat(Enumerable.Repeat(level, 64));
        Assert.Throws<FormatException>(() => Serializer.Read(Convert.FromHexString($"{Head}{deep}c0")));
        Assert.Throws<FormatException>(
            () => Serializer.Read(Convert.FromHexString($"82a474797065{Text("chat.message")}a176{deep}c0")));
        var deeper = string.Concat(Enumerable.Repeat(level, 100_000));
        Assert.Throws<FormatException>(() => Serializer.Read(Convert.FromHexString($"{Head}{deeper}c0")));
    }

    [Fact]
    public void A_claimed_length_is_not_believed()
    {
        var bytes = Convert.FromHexString($"{Head}ddffffff00c0");
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<FormatException>(() => Serializer.Read(bytes));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData("c0")]
    [InlineData("9105")]
    [InlineData("80")]
    public void A_route_of_another_kind_is_refused(string value)
    {
        foreach (var key in new[] { "__asgi_channel__", "__except__", "__except_process__", "__traceparent__" })
        {
            var fault = Assert.Throws<FormatException>(
                () => Serializer.Read(Convert.FromHexString($"82a474797065a178{Text(key)}{value}")));
            Assert.Contains($"\"{key}\"", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_last_of_several_keys_counts_wherever_it_stands()
    {
        var message = Serializer.Deserialize(
            Convert.FromHexString(
                $"86{Text("__asgi_channel__")}a161{Text("type")}a178{Text("text")}a161{Text("type")}{Text("chat.message")}"
                + $"{Text("__asgi_channel__")}91a162{Text("text")}a162"),
            out var route);
        Assert.Equal(new Chat("b"), message);
        Assert.Equal((null, "b"), (route.Channel, Assert.Single(route.Channels!)));
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);

    /// <summary>Text of up to 31 bytes.</summary>
    private static string Text(string text) => $"{0xa0 + text.Length:x2}{Hex(Encoding.ASCII.GetBytes(text))}";

    private string ReadValue(string form) => Samples.Show(Serializer.Read(Convert.FromHexString(Head + form)));

    private void AssertRoundTrip(object value, string expected)
    {
        var message = new UntypedMessage("x", new Dictionary<string, object?> { ["v"] = value });
        Assert.StartsWith(expected, Hex(Serializer.Write(message))[Head.Length..], StringComparison.Ordinal);
        Assert.Equal(Samples.Show(message), RoundTrip(message));
    }
}
