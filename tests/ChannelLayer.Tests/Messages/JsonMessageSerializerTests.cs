using System.Buffers;
using System.Text;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ChannelsNet.Messages;

public sealed partial class JsonMessageSerializerTests
{
    private static readonly JsonMessageSerializer _serializer = new(new MessageTypes(
    [
        MessageType.Create<Order>(new DefaultJsonTypeInfoResolver()),
        MessageType.Create<Note>(TestJson.Default),
    ]));

    [Fact]
    public void A_message_is_one_flat_map_in_snake_case_with_its_type()
    {
        Assert.Equal(
            """{"type":"shop.order","order_id":7,"placed_at":"2026-11-22T10:00:00+00:00","lines":["tea"]}""",
            Write(new Order(7, new DateTimeOffset(2026, 11, 22, 10, 0, 0, TimeSpan.Zero), ["tea"])));
    }

    [Fact]
    public void A_source_generated_context_serves_as_well_as_reflection() =>
        Assert.Equal("""{"type":"test.note","text":"hi"}""", Write(new Note("hi")));

    [Fact]
    public void What_travels_with_a_message_is_not_seen_by_its_reader()
    {
        var bytes = Write(new Note("hi"), new MessageRoute { Except = "a!b" });
        Assert.Equal("""{"type":"test.note","text":"hi","__except__":"a!b"}""", bytes);
        var message = _serializer.Deserialize(Encoding.UTF8.GetBytes(bytes), out var route);
        Assert.Equal((new Note("hi"), "a!b"), (message, route.Except));
    }

    [Fact]
    public void The_type_may_stand_anywhere_and_unknown_members_are_passed_over()
    {
        var message = _serializer.Deserialize("""{"text":"hi","more":{"type":"x"},"type":"test.note"}"""u8.ToArray(), out _);
        Assert.Equal(new Note("hi"), message);
    }

    private static string Write(Message message, MessageRoute route = default)
    {
        var output = new ArrayBufferWriter<byte>();
        _serializer.Serialize(message, route, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    [MessageType("shop.order")]
    private sealed record Order(int OrderId, DateTimeOffset PlacedAt, IReadOnlyList<string> Lines) : Message;

    [JsonSerializable(typeof(Note))]
    private sealed partial class TestJson : JsonSerializerContext;
}
