using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using ChannelsNet.Messages.Values;

namespace ChannelsNet.Messages.Typed;

/// <summary>A float that stays one: System.Text.Json alone writes 1.0 as 1, which is an integer to others.</summary>
internal sealed class FloatConverter<TFloat>(bool boxesNotFinite) : JsonConverter<TFloat>
    where TFloat : IBinaryFloatingPointIeee754<TFloat>
{
    public override TFloat Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.Number)
        {
            return JsonBoxes.ReadNotFinite(ref reader) is { } notFinite
                ? TFloat.CreateSaturating(notFinite)
                : throw new JsonException($"{reader.TokenType} came; expected a number.");
        }

        var value = TFloat.Parse(reader.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
        return TFloat.IsFinite(value) ? value : throw new JsonException($"A number came that is above the range of {typeof(TFloat).Name}.");
    }

    public override void Write(Utf8JsonWriter writer, TFloat value, JsonSerializerOptions options)
    {
        if (TFloat.IsFinite(value))
        {
            JsonFloats.Write(writer, value);
        }
        else if (boxesNotFinite)
        {
            JsonBoxes.WriteNotFinite(writer, double.CreateSaturating(value));
        }
        else
        {
            throw new JsonException($"{JsonValueWriter.NotFinite(double.CreateSaturating(value))}.");
        }
    }
}
