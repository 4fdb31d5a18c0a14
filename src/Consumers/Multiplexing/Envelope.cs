using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace ChannelsNet.Multiplexing;

/// <summary>
/// What the messages of one stream travel in, both ways: <c>{"stream":"chat","payload":…}</c>; and in which the client is told of its beginning and its
/// end: <c>{"stream":"chat","open":true}</c>, <c>{"stream":"chat","close":{"code":1011,"reason":"…"}}</c>.
/// </summary>
internal sealed class Envelope(string stream)
{
    /// <summary>What a client that sends something else is told.</summary>
    public const string Expected = """Expected {"stream": "name", "payload": …} as text.""";

    private const string StreamKey = "stream";
    private const string PayloadKey = "payload";

    private readonly byte[] _head = [.. Start(stream), .. "\"payload\":"u8];

    /// <summary>The name of the stream.</summary>
    public string Stream { get; } = stream;

    /// <summary>The stream has been accepted.</summary>
    public WebSocketSend Open { get; } = WebSocketSend.Text((byte[])[.. Start(stream), .. "\"open\":true}"u8]);

    /// <summary>Reads what a client has sent.</summary>
    /// <param name="text">The whole message.</param>
    /// <param name="stream">The name of the stream.</param>
    /// <param name="payload">JSON, as the client has written it.</param>
    public static bool TryRead(string text, [NotNullWhen(true)] out string? stream, [NotNullWhen(true)] out string? payload)
    {
        (stream, payload) = (null, null);
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty(StreamKey, out var name) && name.ValueKind == JsonValueKind.String
                && root.TryGetProperty(PayloadKey, out var content))
            {
                (stream, payload) = (name.GetString()!, content.GetRawText());
                return true;
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // No JSON, or (InvalidOperationException) a name with half a surrogate pair in it.
        }

        return false;
    }

    /// <summary>A message of the stream as it goes over the socket. Made once for all sockets and all multiplexers with a stream of this name.</summary>
    /// <exception cref="InvalidOperationException">It is no JSON.</exception>
    public WebSocketSend Wrap(WebSocketSend send) =>
        Find(Volatile.Read(ref send.Wrapped)) ?? WrapOnce(send);

    /// <summary>A stream has ended, or does not exist.</summary>
    public static WebSocketSend Close(string stream, int code, string reason)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString(StreamKey, stream);
            json.WriteStartObject("close");
            json.WriteNumber("code", code);
            json.WriteString("reason", reason);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return WebSocketSend.Text(output.WrittenMemory);
    }

    private WebSocketSend? Find(object? wrapped)
    {
        for (var next = (Wrapped?)wrapped; next is not null; next = next.Next)
        {
            if (next.Stream == Stream)
            {
                return next.Send;
            }
        }

        return null;
    }

    private WebSocketSend WrapOnce(WebSocketSend send)
    {
        lock (send)
        {
            var first = send.Wrapped;
            if (Find(first) is { } other)
            {
                return other;
            }

            RequireJson(send);

            // The same kind of message in two streams of one socket is of two kinds: neither takes the other's place in the queue.
            var wrapped = send.Within(_head, "}"u8, send.Kind is { } kind ? (Stream, kind) : null);
            Volatile.Write(ref send.Wrapped, new Wrapped(Stream, wrapped, (Wrapped?)first));
            return wrapped;
        }
    }

    private void RequireJson(WebSocketSend send)
    {
        if (!send.IsText)
        {
            throw new InvalidOperationException(
                $"The stream \"{Stream}\" was to send a binary message, and a {nameof(Multiplexer)} carries JSON. Send it by SendJsonAsync, bytes as byte[].");
        }

        var reader = new Utf8JsonReader(send.Payload.Span);
        try
        {
            while (reader.Read())
            {
            }
        }
        catch (JsonException fault)
        {
            throw new InvalidOperationException(
                $"The stream \"{Stream}\" was to send a text that is no JSON, and a {nameof(Multiplexer)} carries JSON. Send it by SendJsonAsync instead of SendTextAsync.",
                fault);
        }
    }

    private static byte[] Start(string stream) => [.. "{\"stream\":\""u8, .. JsonEncodedText.Encode(stream).EncodedUtf8Bytes, .. "\","u8];

    private sealed record Wrapped(string Stream, WebSocketSend Send, Wrapped? Next);
}
