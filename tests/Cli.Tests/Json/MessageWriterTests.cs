using System.Text;

namespace ChannelsNet.Json;

public sealed class MessageWriterTests
{
    [Theory]
    [InlineData(null, "null")]
    [InlineData(true, "true")]
    [InlineData(7L, "7")]
    [InlineData(ulong.MaxValue, "18446744073709551615")]
    [InlineData(1d, "1.0")]
    [InlineData(-0d, "-0.0")]
    [InlineData(0.1, "0.1")]
    [InlineData(1e300, "1E+300")]
    [InlineData(double.NaN, "\"NaN\"")]
    [InlineData(double.NegativeInfinity, "\"-Infinity\"")]
    [InlineData("Grüße 😀 \"<&'\n\u001b", """
        "Grüße 😀 \"<&'\n\u001b"
        """)]
    public void A_value_is_written_as_what_it_is(object? value, string expected) =>
        Assert.Equal($$"""{"type":"x","v":{{expected}}}""", Write(new UntypedMessage("x", new Dictionary<string, object?> { ["v"] = value })));

    [Theory]
    [InlineData("""{"type":"x"}""")]
    [InlineData("""{"type":"x","a":[1,1.0,-5,"s",null,true,[],{}],"b":{"c":{"$bytes":"aGk="}},"d":18446744073709551615,"e":1E+300}""")]
    public void What_was_read_is_written_the_same(string json) => Assert.Equal(json, Write(MessageReader.Read(Encoding.UTF8.GetBytes(json))));

    [Fact]
    public void The_type_stands_first() => Assert.Equal("""{"type":"x","a":1}""", Write(MessageReader.Read("""{"a":1,"type":"x"}"""u8)));

    private static string Write(UntypedMessage message) => MessageWriter.Write(message);
}
