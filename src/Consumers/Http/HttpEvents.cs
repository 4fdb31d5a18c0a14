using Microsoft.AspNetCore.Http;

namespace ChannelsNet;

/// <summary>A part of the request's body has come, the whole if it is small: the first event of an HTTP connection has at least an empty one.</summary>
/// <param name="Bytes">The part. It may be used until the next event is asked for.</param>
/// <param name="IsLast">Whether it is the last part.</param>
public sealed record HttpRequestBody(ReadOnlyMemory<byte> Bytes, bool IsLast = true) : ClientEvent;

/// <summary>
/// The whole request is there, the next event has been asked for, and no response has been begun for <see cref="HttpConnectionOptions.LongPollTimeout"/>.
/// Comes again after the same time if it is not answered.
/// </summary>
public sealed record HttpTimeout : ClientEvent;

/// <summary>The client has left, the response is complete, or the host stops: the last event.</summary>
public sealed record HttpDisconnect : ClientEvent;

/// <summary>Begins the response. Once for each connection, before any <see cref="HttpResponseBody"/>; it goes out with the first of them.</summary>
/// <param name="Status">The HTTP status, 200 to 599. Default: 200.</param>
/// <param name="Headers">The headers; a name may have several values. Default: none.</param>
public sealed record HttpResponseStart(int Status = StatusCodes.Status200OK, IHeaderDictionary? Headers = null) : ServerEvent
{
    /// <summary>
    /// Whether this is a stream of server-sent events, each part of it a whole number of events. Then a comment is sent whenever nothing else has been for
    /// <see cref="HttpConnectionOptions.KeepAliveInterval"/>, and when the host stops the stream ends without an error, so that the client comes
    /// back. Default: false.
    /// </summary>
    public bool IsEventStream { get; init; }
}

/// <summary>
/// Sends a part of the response's body, at once. Waits for a client that reads slowly, at most for <see cref="HttpConnectionOptions.WriteTimeout"/>; then the
/// response is broken off.
/// </summary>
/// <param name="Bytes">The part.</param>
/// <param name="IsLast">Whether the response ends with it. One that is the first and the last has its length in a header.</param>
public sealed record HttpResponseBody(ReadOnlyMemory<byte> Bytes, bool IsLast = true) : ServerEvent;
