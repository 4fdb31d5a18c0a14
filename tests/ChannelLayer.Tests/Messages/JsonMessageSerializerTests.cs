using System.Text;

namespace ChannelsNet.Messages;

public sealed class JsonMessageSerializerTests : MessageSerializerContract
{
    private protected override IMessageSerializer Create(MessageTypes types) => new JsonMessageSerializer(types);

    [Fact]
    public void A_message_is_one_flat_map_in_snake_case_with_its_type() => Assert.Equal(
        """{"type":"shop.order","order_id":7,"placed_at":"2026-11-22T10:00:00+00:00","lines":[{"name":"tea","price":2.0}]}""",
        Write(new Order(7, new DateTimeOffset(2026, 11, 22, 10, 0, 0, TimeSpan.Zero), [new Line("tea", 2)])));

    [Fact]
    public void An_untyped_message_looks_like_any_other() => Assert.Equal(
        """{"type":"test.untyped","one":1,"float":1.0,"list":[null,{"$bytes":"AP8="}],"__except__":"a!b"}""",
        Write(
            Samples.Untyped(("one", 1), ("float", 1.0), ("list", new object?[] { null, new byte[] { 0, 255 } })),
            new MessageRoute { Except = "a!b" }));

    [Fact]
    public void The_route_stands_at_the_end() => Assert.Equal(
        """{"type":"chat.message","text":"hi","__asgi_channel__":["a!b","a!c"],"__except__":"a!c","__except_process__":"a!"}""",
        Write(new Chat("hi"), new MessageRoute { Channels = ["a!b", "a!c"], Except = "a!c", ExceptProcess = "a!" }));

    [Fact]
    public void What_python_writes_is_read() => Assert.Equal(
        $"x {{text: {Samples.Show((object)"hé😀")}, n: null, f: Double 1, big: Double 1E+22, l: [Int64 1, Int64 2]}}",
        Samples.Show(Read("""{"type": "x", "text": "h\u00e9\ud83d\ude00", "n": null, "f": 1.0, "big": 1e+22, "l": [1, 2]}""")));

    [Fact]
    public void The_type_may_stand_anywhere_and_the_last_of_several_keys_counts() => Assert.Equal(
        new Chat("b"),
        Read("""{"text":"a","type":"x","more":{"type":"y"},"typ\u0065":"chat.message","text":"b"}"""));

    [Fact]
    public void A_map_with_more_than_bytes_is_a_map() => Assert.Equal(
        "x {a: {$bytes: AA==, b: Int64 1}, b: {$bytes: ?}, c: {$bytes: Int64 1}, d: {$double: 1}}",
        Samples.Show(Read("""{"type":"x","a":{"$bytes":"AA==","b":1},"b":{"$bytes":"?"},"c":{"$bytes":1},"d":{"$double":"1"}}""")));

    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-Infinity")]
    [InlineData("[1, NaN]")]
    public void Pythons_numbers_that_are_no_json_are_refused_with_a_hint(string value)
    {
        var fault = Assert.Throws<FormatException>(() => Read($$"""{"type": "x", "v": {{value}}}"""));
        Assert.Contains("holds NaN or an infinity", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void Numbers_that_are_no_json_are_refused_where_they_are_sent(double value)
    {
        AssertRefused("Values[\"a\"][0]", Samples.Untyped(("a", new object?[] { value })));
        AssertRefused("Double", new Kinds { Double = value, Anything = Null });
        AssertRefused("Maybe", new Kinds { Maybe = value, Anything = Null });
    }

    [Fact]
    public void A_decimal_keeps_all_its_digits() => Assert.Equal(
        0.1234567890123456789m,
        ((Kinds)Serializer.Read(Serializer.Write(
            new Kinds { Money = 0.1234567890123456789m, Anything = Null }, new MessageRoute { Except = "a!b" }))).Money);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"type\":5}")]
    [InlineData("{\"type\":\"\"}")]
    [InlineData("{\"type\":\"x\"")]
    [InlineData("{\"type\":\"x\"}{}")]
    [InlineData("{\"type\":\"x\"} x")]
    [InlineData("{'type':'x'}")]
    [InlineData("{\"type\":\"x\",}")]
    [InlineData("{\"type\":\"x\",\"v\":\"\\ud83d\"}")]
    [InlineData("{\"type\":\"x\",\"\\ud83d\":1}")]
    [InlineData("{\"type\":\"\\ude00\"}")]
    [InlineData("{\"type\":\"chat.message\",\"text\":\"\\ud83d\"}")]
    [InlineData("{\"type\":\"x\",\"v\":18446744073709551616}")]
    [InlineData("{\"type\":\"x\",\"v\":1e999}")]
    [InlineData("{\"type\":\"test.kinds\",\"double\":1e999}")]
    [InlineData("{\"type\":\"test.kinds\",\"float\":1e99}")]
    [InlineData("{\"type\":\"x\",\"__except__\":null}")]
    [InlineData("{\"type\":\"x\",\"__asgi_channel__\":[1]}")]
    [InlineData("\ufeff{\"type\":\"x\"}")]
    public void What_is_no_message_is_refused(string json) => Assert.Throws<FormatException>(() => Read(json));

    [Fact]
    public void What_is_not_utf8_is_refused() =>
        Assert.Throws<FormatException>(() => Serializer.Read([.. "{\"type\":\"x\",\"v\":\""u8, 0xff, .. "\"}"u8]));

    [Fact]
    public void A_message_nested_too_deep_is_refused() => Assert.Throws<FormatException>(
        () => Read($$"""{"type":"x","v":{{new string('[', 100_000)}}{{new string(']', 100_000)}}}"""));

    private string Write(Message message, MessageRoute route = default) => Encoding.UTF8.GetString(Serializer.Write(message, route));

    private Message Read(string json) => Serializer.Read(Encoding.UTF8.GetBytes(json));
}
