using System.Text;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet;

/// <summary>A client asks for a WebSocket: the first event. The answer is <see cref="WebSocketAccept"/> or <see cref="WebSocketClose"/>.</summary>
public sealed record WebSocketConnect : ClientEvent;

/// <summary>A whole message from the client, however many fragments it came in. Either text or bytes.</summary>
public sealed record WebSocketReceive : ClientEvent
{
    /// <summary>A text message.</summary>
    public WebSocketReceive(string text) => Text = text;

    /// <summary>A binary message.</summary>
    public WebSocketReceive(ReadOnlyMemory<byte> bytes) => Bytes = bytes;

    /// <summary>The text; null for a binary message.</summary>
    public string? Text { get; }

    /// <summary>The bytes; empty for a text message.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }
}

/// <summary>The WebSocket has ended: the last event.</summary>
/// <param name="Code">
/// Why (RFC 6455, 7.4): the client's code, 1000 if it closed without one, 1006 if the connection broke or was refused, else the code
/// that the server closed with.
/// </param>
/// <param name="Reason">The client's reason in words; empty for none.</param>
public sealed record WebSocketDisconnect(int Code, string Reason = "") : ClientEvent;

/// <summary>Accepts the WebSocket.</summary>
/// <param name="Subprotocol">One of those that the client offers, or null for none.</param>
/// <param name="Headers">More headers of the answer.</param>
public sealed record WebSocketAccept(string? Subprotocol = null, IHeaderDictionary? Headers = null) : ServerEvent;

/// <summary>Sends one message. It never changes, so that one object can go to any number of clients.</summary>
public sealed record WebSocketSend : ServerEvent
{
    private WebSocketSend(ReadOnlyMemory<byte> payload, bool isText)
    {
        Payload = payload;
        IsText = isText;
    }

    /// <summary>The bytes; of a text message its UTF-8.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Whether it is a text message.</summary>
    public bool IsText { get; }

    /// <summary>A text message.</summary>
    public static WebSocketSend Text(string text) => new(Encoding.UTF8.GetBytes(text), isText: true);

    /// <summary>A text message that is UTF-8 already. The memory must not change any more.</summary>
    public static WebSocketSend Text(ReadOnlyMemory<byte> utf8) => new(utf8, isText: true);

    /// <summary>A binary message. The memory must not change any more.</summary>
    public static WebSocketSend Bytes(ReadOnlyMemory<byte> bytes) => new(bytes, isText: false);
}

/// <summary>
/// Closes the WebSocket; before it is accepted, refuses it with the status 403 (for code 1011 with 500, for 1012 and 1013 with 503).
/// </summary>
/// <param name="Code">1000, 1001, 1003, 1007 to 1014, or 3000 to 4999 (RFC 6455, 7.4). Default: 1000, a normal end.</param>
/// <param name="Reason">Words for the client's log, at most 123 bytes of UTF-8.</param>
public sealed record WebSocketClose(int Code = 1000, string Reason = "") : ServerEvent;
