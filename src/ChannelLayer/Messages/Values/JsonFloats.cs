using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace ChannelsNet.Messages.Values;

/// <summary>A float in JSON always has a point or an exponent, as Python writes it: 1.0 stays a float and 1 stays an integer.</summary>
internal static class JsonFloats
{
    public static void Write<TFloat>(Utf8JsonWriter json, TFloat value)
        where TFloat : IBinaryFloatingPointIeee754<TFloat>
    {
        // The shortest text that reads back as the same number; the longest of a double has 24 characters.
        Span<byte> text = stackalloc byte[32];
        var fits = value.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
        Debug.Assert(fits && TFloat.IsFinite(value), "Who calls has seen to numbers that are not finite.");
        if (IsInteger(text[..length]))
        {
            ".0"u8.CopyTo(text[length..]);
            length += 2;
        }

        json.WriteRawValue(text[..length], skipInputValidation: true);
    }

    /// <summary>Whether a number is written as an integer.</summary>
    public static bool IsInteger(ReadOnlySpan<byte> number) => !number.ContainsAny(".eE"u8);
}
