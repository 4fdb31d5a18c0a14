using System.Text;
using ChannelsNet.Running;

namespace ChannelsNet.Json;

public sealed class MessageReaderTests
{
    [Fact]
    public void A_message_is_its_type_and_its_other_members()
    {
        var message = Read("""{"text":"Grüße 😀","type":"chat.message","room":null,"loud":true}""");
        Assert.Equal("chat.message", message.Type);
        Assert.Equal(["text", "room", "loud"], message.Values.Keys);
        Assert.Equal(["Grüße 😀", null, true], message.Values.Values);
    }

    [Theory]
    [InlineData("7", 7L)]
    [InlineData("-9223372036854775808", long.MinValue)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    [InlineData("18446744073709551616", 18446744073709551616d)]
    [InlineData("1.0", 1d)]
    [InlineData("1e2", 100d)]
    [InlineData("-0.5", -0.5)]
    public void Whole_numbers_are_long_if_they_can_be(string json, object expected) =>
        Assert.Equal(expected, Read($$"""{"type":"x","n":{{json}}}""").Values["n"]);

    [Fact]
    public void Lists_objects_and_bytes_nest()
    {
        var values = Read("""{"type":"x","a":[1,[],{"b":{"$bytes":"aGk="}}],"c":{"type":"y"}}""").Values;
        var list = Assert.IsAssignableFrom<IReadOnlyList<object?>>(values["a"]);
        Assert.Equal((1L, 3), (list[0], list.Count));
        Assert.Empty(Assert.IsAssignableFrom<IReadOnlyList<object?>>(list[1]));
        Assert.Equal("hi"u8.ToArray(), Assert.IsAssignableFrom<IReadOnlyDictionary<string, object?>>(list[2])["b"]);
        Assert.Equal("y", Assert.IsAssignableFrom<IReadOnlyDictionary<string, object?>>(values["c"])["type"]);
    }

    [Theory]
    [InlineData("", "The message is empty; expected a JSON object with a type")]
    [InlineData("{type:x}", "no JSON at line 1, column 2")]
    [InlineData("{\"type\":\"x\",\n \"é\": oops}", "no JSON at line 2, column 7")]
    [InlineData("""{"type":"x"} {}""", "no JSON at line 1, column 14")]
    [InlineData("""{"type":"x" """, "no JSON at line 1")]
    [InlineData("""["type"]""", "At line 1, column 1: the message is an array; expected a JSON object")]
    [InlineData("{\n}", "The message has no member \"type\"; expected a JSON object with a type")]
    [InlineData("""{"type":5}""", "At line 1, column 9: \"type\" is 5; expected one string")]
    [InlineData("""{"type":""}""", "At line 1, column 9: \"type\" is \"\"; expected one string")]
    [InlineData("""{"type":"x","type":"y"}""", "At line 1, column 20: \"type\" is \"y\"; expected one string")]
    [InlineData("""{"type":"x","a":1,"a":2}""", "At line 1, column 19: \"a\" stands twice")]
    [InlineData("""{"type":"x","a":1e999}""", "At line 1, column 17: 1e999 is too large")]
    [InlineData("""{"type":"x","a":{"$bytes":"%"}}""", "At line 1, column 27: \"$bytes\" is \"%\"; expected base64")]
    [InlineData("""{"type":"x","a":{"$bytes":7}}""", "At line 1, column 17: an object has \"$bytes\"")]
    [InlineData("""{"type":"x","a":{"$bytes":"aGk=","b":1}}""", "At line 1, column 17: an object has \"$bytes\"")]
    [InlineData("""{"type":"x","a":"\ud800"}""", "At line 1, column 17: a string is no Unicode text")]
    public void What_is_wrong_is_told_with_its_place(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<UsageException>(() => Read(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_byte_order_mark_and_space_are_passed_over() => Assert.Equal("x", Read("\uFEFF\n {\"type\":\"x\"}\n").Type);

    private static UntypedMessage Read(string json) => MessageReader.Read(Encoding.UTF8.GetBytes(json));
}
