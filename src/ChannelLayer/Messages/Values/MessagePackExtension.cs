using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace ChannelsNet.Messages.Values;

/// <summary>
/// What msgpack's own kinds of value are to us, who never write them: a point in time (code -1) is its ISO 8601 text, as dates are in
/// our messages; of all others the bytes are taken and the code is not kept.
/// </summary>
internal static class MessagePackExtension
{
    private const uint NanosecondsPerTick = 100;

    public static void Copy(sbyte code, ReadOnlySpan<byte> data, IValueWriter writer)
    {
        if (code == -1 && Timestamp(data) is { } time)
        {
            writer.Text(Encoding.ASCII.GetBytes(time.ToString("O", CultureInfo.InvariantCulture)));
        }
        else
        {
            writer.Bytes(data);
        }
    }

    /// <summary>
    /// 4 bytes: seconds; 8: nanoseconds in the upper 30 bits, then seconds; 12: nanoseconds, then signed seconds. Null if it is none
    /// of these, or outside of the years that .NET has.
    /// </summary>
    private static DateTimeOffset? Timestamp(ReadOnlySpan<byte> data)
    {
        var (seconds, nanoseconds) = data.Length switch
        {
            4 => (BinaryPrimitives.ReadUInt32BigEndian(data), 0u),
            8 when BinaryPrimitives.ReadUInt64BigEndian(data) is var bits => ((long)(bits & 0x3_ffff_ffff), (uint)(bits >> 34)),
            12 => (BinaryPrimitives.ReadInt64BigEndian(data[4..]), BinaryPrimitives.ReadUInt32BigEndian(data)),
            _ => (long.MaxValue, 0u),
        };
        return nanoseconds < 1_000_000_000
            && seconds >= DateTimeOffset.MinValue.ToUnixTimeSeconds()
            && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
                ? DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanoseconds / NanosecondsPerTick)
                : null;
    }
}
