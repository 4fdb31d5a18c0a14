using Microsoft.AspNetCore.Http;

namespace ChannelsNet;

/// <summary>
/// Serves connections. Consumers, routers and middleware are all applications, so that each can stand where another stands.
/// </summary>
public interface IApplication
{
    /// <summary>Serves one connection; ends when it is done with it.</summary>
    /// <param name="scope">What is known of the connection, the same from its beginning to its end.</param>
    /// <param name="connection">What comes from the client and goes to it.</param>
    Task RunAsync(Scope scope, IConnection connection);
}

/// <summary>The two directions of one connection.</summary>
public interface IConnection
{
    /// <summary>The next thing that the client does. The first and the last tell of the connection's beginning and end.</summary>
    /// <remarks>One call at a time. After the last event there is none: a further call is a fault.</remarks>
    ValueTask<ClientEvent> ReceiveAsync();

    /// <summary>Does something to the client. Can be called from several threads at once.</summary>
    /// <exception cref="InvalidOperationException">The event can't come now, or not on this kind of connection.</exception>
    /// <exception cref="OperationCanceledException">
    /// The client is gone, and <see cref="Scope.Aborted"/> is canceled. After a proper close nothing happens for a while instead
    /// (<see cref="WebSocketConnectionOptions.CloseTimeout"/>), so that a handler can finish.
    /// </exception>
    ValueTask SendAsync(ServerEvent serverEvent);
}

/// <summary>Something that came from the client.</summary>
public abstract record ClientEvent;

/// <summary>Something that goes to the client.</summary>
public abstract record ServerEvent;

/// <summary>
/// Answers the client instead of serving it: an HTTP request, or a WebSocket that is not accepted yet, gets this response (RFC 6455, 4.2.2, step 4). A
/// WebSocket that has been accepted already is closed with <see cref="CloseCode"/>, and a response that has begun already is broken off.
/// </summary>
/// <param name="Status">The HTTP status, 400 to 599. Default: 403. A router says 404 for what no route takes.</param>
/// <param name="Body">Text for the client. Default: none. Browsers do not show it to a page that opens a WebSocket; other clients can read it.</param>
public sealed record Refusal(int Status = StatusCodes.Status403Forbidden, string Body = "") : ServerEvent
{
    /// <summary>What the body is. Default: plain text in UTF-8.</summary>
    public string ContentType { get; init; } = "text/plain; charset=utf-8";

    /// <summary>With what code a WebSocket is closed that has been accepted already; the body is the reason then. Default: 1008.</summary>
    public int CloseCode { get; init; } = CloseCodes.PolicyViolation;

    /// <summary>More headers of the response, such as <c>Retry-After</c>.</summary>
    public IHeaderDictionary? Headers { get; init; }

    /// <summary>Whether whoever refuses a client by it has counted that already.</summary>
    internal bool IsCounted { get; init; }
}
