using System.Text.Json;
using ChannelsNet.Multiplexing;
using ChannelsNet.Support;
using CsCheck;

namespace ChannelsNet.Fuzz;

public sealed class EnvelopeFuzzTests
{
    private static readonly Gen<string> _text = Gen.Frequency(
        (4, Gen.Select(
            Gen.OneOf("{", "", "[", "{ ", "{{"),
            Gen.OneOf("\"stream\":", "\"stream\" :\t", "\"Stream\":", "stream:", "\"str\\u0065am\":"),
            Gen.OneOf("\"chat\"", "\"\\uD800\"", "\"\"", "7", "null", "\"a\\\"b\"", "\"chat"),
            Gen.OneOf(",", ",\"stream\":\"other\",", "", ",\"more\":[1,{}],"),
            Gen.OneOf("\"payload\":", "\"payload\" : ", "\"Payload\":"),
            Gen.OneOf("1", "{\"a\":[1,2,{}]}", "\"x\"", "null", "[", "NaN", "1e999", "\"\\uDC00\""),
            Gen.OneOf("}", "", "}}", "} ", "} x"),
            (start, stream, name, comma, payload, value, end) => start + stream + name + comma + payload + value + end)),
        (1, Gen.String));

    [Fact]
    public void What_is_read_is_json_with_that_stream_and_that_payload() => _text.Sample(
        text =>
        {
            if (!Envelope.TryRead(text, out var stream, out var payload))
            {
                return;
            }

            using var whole = JsonDocument.Parse(text);
            Assert.Equal(stream, whole.RootElement.GetProperty("stream").GetString());
            Assert.Equal(whole.RootElement.GetProperty("payload").GetRawText(), payload);
        },
        iter: Fuzzing.Cases(20_000));
}
