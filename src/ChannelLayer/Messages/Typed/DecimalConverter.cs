using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChannelsNet.Messages.Typed;

/// <summary>Msgpack has no decimal: one travels as a double or an integer if that holds all its digits, and else not at all.</summary>
internal sealed class DecimalConverter : JsonConverter<decimal>
{
    public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out var value)
            ? value
            : throw new JsonException($"{reader.TokenType} came; expected a number in the range of a decimal.");

    public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options)
    {
        // Integers are not checked here: whoever turns them into msgpack knows its range.
        if (!decimal.IsInteger(value) && (decimal)(double)value != value)
        {
            throw new JsonException(
                FormattableString.Invariant($"{value} has more digits than a double holds, and msgpack has no decimal; send a string."));
        }

        writer.WriteNumberValue(value);
    }
}
