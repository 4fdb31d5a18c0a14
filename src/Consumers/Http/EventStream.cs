using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet.Http;

/// <summary>
/// The format of server-sent events (WHATWG HTML, 9.2.5 and 9.2.6): lines <c>field: value</c>, an event ends with an empty line; data of several lines has a
/// field for each. By hand, because the framework's <c>SseFormatter</c> writes a whole sequence to a stream and not one event for many.
/// </summary>
internal static class EventStream
{
    /// <summary>A comment, which clients pass over.</summary>
    public static ReadOnlyMemory<byte> Comment { get; } = ":\n\n"u8.ToArray();

    /// <summary>The headers of a stream; those that are given win.</summary>
    public static HeaderDictionary Headers(IHeaderDictionary? given)
    {
        var headers = new HeaderDictionary
        {
            [HeaderNames.ContentType] = "text/event-stream",
            [HeaderNames.CacheControl] = "no-cache",

            // nginx would hold the events back until a buffer is full.
            ["X-Accel-Buffering"] = "no",
        };
        foreach (var (name, value) in given ?? new HeaderDictionary())
        {
            headers[name] = value;
        }

        return headers;
    }

    /// <summary>An event of nothing but data, in UTF-8.</summary>
    public static ReadOnlyMemory<byte> Event(ReadOnlySpan<byte> data)
    {
        var output = new ArrayBufferWriter<byte>(data.Length + "data: \n\n"u8.Length);
        for (var rest = data; ;)
        {
            var end = rest.IndexOfAny((byte)'\r', (byte)'\n');
            output.Write("data: "u8);
            output.Write(end < 0 ? rest : rest[..end]);
            output.Write("\n"u8);
            if (end < 0)
            {
                break;
            }

            rest = rest[(rest[end..].StartsWith("\r\n"u8) ? end + 2 : end + 1)..];
        }

        output.Write("\n"u8);
        return output.WrittenMemory;
    }

    /// <summary>What stands before the data of an event; empty if nothing is given.</summary>
    /// <exception cref="ArgumentException">A value would break the format.</exception>
    public static byte[] Fields(string? name, string? id, TimeSpan? retry)
    {
        Require(name, nameof(name), '\r', '\n');
        Require(id, nameof(id), '\r', '\n', '\0');
        if (retry < TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(retry), retry, "A client can't come back before it has left. Expected zero or more.");
        }

        var fields = new StringBuilder();
        if (name is not null)
        {
            fields.Append(CultureInfo.InvariantCulture, $"event: {name}\n");
        }

        if (id is not null)
        {
            fields.Append(CultureInfo.InvariantCulture, $"id: {id}\n");
        }

        if (retry is { } time)
        {
            fields.Append(CultureInfo.InvariantCulture, $"retry: {(long)time.TotalMilliseconds}\n");
        }

        return Encoding.UTF8.GetBytes(fields.ToString());
    }

    private static void Require(string? value, string name, params ReadOnlySpan<char> forbidden)
    {
        if (value.AsSpan().IndexOfAny(forbidden) is >= 0 and var at)
        {
            throw new ArgumentException(
                $"The {name} of an event has U+{(int)value![at]:X4} at {at}, which ends the line or makes the client pass over it. Expected one line without it.", name);
        }
    }
}
