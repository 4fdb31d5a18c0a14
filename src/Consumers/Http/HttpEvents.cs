using Microsoft.AspNetCore.Http;

namespace ChannelsNet;

/// <summary>A part of the request's body has come, the whole if it is small: the first event of an HTTP connection has at least an empty one.</summary>
/// <param name="Bytes">The part. It may be used until the next event is asked for.</param>
/// <param name="IsLast">Whether it is the last part.</param>
public sealed record HttpRequestBody(ReadOnlyMemory<byte> Bytes, bool IsLast = true) : ClientEvent;

/// <summary>The client has left, or the response is complete: the last event.</summary>
public sealed record HttpDisconnect : ClientEvent;

/// <summary>Begins the response. Once for each connection, before any <see cref="HttpResponseBody"/>.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Headers">The headers; a name may have several values. Default: none.</param>
public sealed record HttpResponseStart(int Status = StatusCodes.Status200OK, IHeaderDictionary? Headers = null) : ServerEvent;

/// <summary>Sends a part of the response's body, at once. Waits for a client that reads slowly.</summary>
/// <param name="Bytes">The part.</param>
/// <param name="IsLast">Whether the response ends with it.</param>
public sealed record HttpResponseBody(ReadOnlyMemory<byte> Bytes, bool IsLast = true) : ServerEvent;
