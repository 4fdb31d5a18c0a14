using System.Text;
using ChannelsNet.WebSockets;
using ChannelsNet.WebSockets.Compression;
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
/// Why (RFC 6455, 7.4): the client's code, 1005 if it closed without one, 1006 if the connection broke or was refused, else the code that the server
/// closed with.
/// </param>
/// <param name="Reason">The client's reason in words; empty for none.</param>
public sealed record WebSocketDisconnect(int Code, string Reason = "") : ClientEvent;

/// <summary>Accepts the WebSocket.</summary>
/// <param name="Subprotocol">One of those that the client offers, or null for none.</param>
/// <param name="Headers">More headers of the answer.</param>
public sealed record WebSocketAccept(string? Subprotocol = null, IHeaderDictionary? Headers = null) : ServerEvent;

/// <summary>
/// Sends one message. It is a whole WebSocket frame already and never changes, so that one object can go to any number of clients.
/// </summary>
public sealed record WebSocketSend : ServerEvent
{
    private readonly WebSocketFrames.Opcode _opcode;
    private readonly byte[] _frame;
    private byte[]? _compressed;
    private object? _wrapped;

    private WebSocketSend(WebSocketFrames.Opcode opcode, byte[] frame, int payloadLength)
    {
        _opcode = opcode;
        _frame = frame;
        Payload = frame.AsMemory(frame.Length - payloadLength);
    }

    /// <summary>A copy, of another kind perhaps, is a message of its own.</summary>
    private WebSocketSend(WebSocketSend original)
        : base(original)
    {
        (_opcode, _frame, _compressed) = (original._opcode, original._frame, original._compressed);
        (Payload, Kind) = (original.Payload, original.Kind);
    }

    /// <summary>The bytes; of a text message its UTF-8.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Whether it is a text message.</summary>
    public bool IsText => _opcode == WebSocketFrames.Opcode.Text;

    /// <summary>
    /// What it is about, for <see cref="WhenFull.KeepLatest"/>: of two messages that wait with equal kinds only the later is kept. What a consumer sends
    /// while it handles a message has the message's type. Default: null, which is equal to no other.
    /// </summary>
    public object? Kind { get; init; }

    /// <summary>A text message.</summary>
    public static WebSocketSend Text(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var length = Encoding.UTF8.GetByteCount(text);
        Encoding.UTF8.GetBytes(text, WebSocketFrames.Create(WebSocketFrames.Opcode.Text, length, out var frame));
        return new(WebSocketFrames.Opcode.Text, frame, length);
    }

    /// <summary>A text message that is UTF-8 already. It is copied.</summary>
    public static WebSocketSend Text(ReadOnlyMemory<byte> utf8) => Create(WebSocketFrames.Opcode.Text, utf8.Span);

    /// <summary>A binary message. It is copied.</summary>
    public static WebSocketSend Bytes(ReadOnlyMemory<byte> bytes) => Create(WebSocketFrames.Opcode.Binary, bytes.Span);

    /// <summary>
    /// Where multiplexers keep this message in its envelope, so that it is put there once for all sockets. It is no part of the message: not of its
    /// equality, nor of its copies.
    /// </summary>
    internal ref object? Wrapped => ref _wrapped;

    /// <summary>Whether the other has the same frame and kind; two that were made of the same bytes are two.</summary>
    public bool Equals(WebSocketSend? other) => other is not null && _frame == other._frame && Equals(Kind, other.Kind);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_frame, Kind);

    /// <summary>This message with something before and behind it.</summary>
    internal WebSocketSend Within(ReadOnlySpan<byte> before, ReadOnlySpan<byte> behind, object? kind)
    {
        var length = before.Length + Payload.Length + behind.Length;
        var place = WebSocketFrames.Create(_opcode, length, out var frame);
        before.CopyTo(place);
        Payload.Span.CopyTo(place[before.Length..]);
        behind.CopyTo(place[(before.Length + Payload.Length)..]);
        return new(_opcode, frame, length) { Kind = kind };
    }

    /// <summary>The frame for a client.</summary>
    /// <param name="window">The window of per-message-deflate that the client has negotiated, in bytes; 0 if it has not.</param>
    internal byte[] FrameFor(int window) =>
        window == CompressionAgreement.FullWindow || Payload.Length <= window ? Compressed() : _frame;

    private static WebSocketSend Create(WebSocketFrames.Opcode opcode, ReadOnlySpan<byte> payload)
    {
        payload.CopyTo(WebSocketFrames.Create(opcode, payload.Length, out var frame));
        return new(opcode, frame, payload.Length);
    }

    /// <summary>Compressed once, by whoever needs it first.</summary>
    private byte[] Compressed()
    {
        if (Volatile.Read(ref _compressed) is { } done)
        {
            return done;
        }

        lock (_frame)
        {
            return _compressed ??= MessageDeflate.TryCompress(_opcode, Payload.Span) ?? _frame;
        }
    }
}

/// <summary>
/// Waits until all that was sent before has gone out to the network, or the connection has ended. For who sends much at once: what is sent goes
/// into a bounded queue, and <see cref="WebSocketConnectionOptions.WhenFull"/> says what happens when the client reads slower than that.
/// </summary>
public sealed record WebSocketFlush : ServerEvent;

/// <summary>
/// Closes the WebSocket; before it is accepted, refuses it with the status 403 (for code 1011 with 500, for 1012 and 1013 with 503, for 3000 with 401).
/// </summary>
/// <param name="Code">1000, 1001, 1003, 1007 to 1014, or 3000 to 4999 (RFC 6455, 7.4). Default: 1000, a normal end.</param>
/// <param name="Reason">Words for the client's log, at most 123 bytes of UTF-8.</param>
public sealed record WebSocketClose(int Code = 1000, string Reason = "") : ServerEvent
{
    /// <summary>Whether whoever refuses a client by it has counted that already.</summary>
    internal bool IsCounted { get; init; }
}
