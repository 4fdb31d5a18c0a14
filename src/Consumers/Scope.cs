using System.Collections.Immutable;
using System.Globalization;
using System.Security.Claims;
using System.Text;
using ChannelsNet.Running;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;

namespace ChannelsNet;

/// <summary>
/// What is known of one connection. It never changes: middleware passes on <c>scope with { … }</c>, and code that has the scope from before keeps what it
/// has.
/// </summary>
public sealed record Scope
{
    /// <summary>The scope of a WebSocket.</summary>
    public const string WebSocket = "websocket";

    /// <summary>The scope of an HTTP request.</summary>
    public const string Http = "http";

    /// <summary>The scope of a worker, which serves one channel of the layer.</summary>
    public const string Worker = "channel";

    private IHeaderDictionary? _headers;

    /// <summary>What kind of connection it is: <see cref="WebSocket"/>, <see cref="Http"/> or <see cref="Worker"/>.</summary>
    public required string Type { get; init; }

    /// <summary>The services of the host.</summary>
    public required IServiceProvider Services { get; init; }

    /// <summary>The channel that a worker serves; null for other types.</summary>
    public string? Channel { get; init; }

    /// <summary>The stream of a <see cref="Multiplexer"/> that is served; null for a connection of its own.</summary>
    public string? Stream { get; init; }

    /// <summary>The method of an HTTP request, such as GET. Default: the request's; without one GET.</summary>
    public string Method { get => field ?? Request?.Method ?? HttpMethods.Get; init; }

    /// <summary>The path that is still to be matched, with its leading slash and without what outer routers have matched.</summary>
    public PathString Path { get; init; } = "/";

    /// <summary>What the routes on the way here have captured, such as "room" of <c>chat/{room}/</c>.</summary>
    public RouteValueDictionary RouteValues { get => field ??= []; init; }

    /// <summary>The query of the URL. Default: the request's; without one none.</summary>
    public IQueryCollection Query { get => field ?? Request?.Query ?? QueryCollection.Empty; init; }

    /// <summary>The headers of the request, a copy. Default: the request's; without one none.</summary>
    public IHeaderDictionary Headers { get => _headers ?? Request?.Headers ?? (_headers = new HeaderDictionary()); init => _headers = value; }

    /// <summary>The subprotocols that a WebSocket client offers, in its order of preference.</summary>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>The user, as authentication found it before the connection began; without authentication nobody. Default: the request's user.</summary>
    public ClaimsPrincipal User { get => field ?? Request?.User ?? (field = new ClaimsPrincipal(new ClaimsIdentity())); init; }

    /// <summary>
    /// Is canceled when the client is gone, so that work for it can stop: at once when the connection breaks or is cut;
    /// <see cref="WebSocketConnectionOptions.CloseTimeout"/> after the client has closed it, so that a handler can finish; and when the connection has ended and its
    /// consumer is done. For a worker: when the host's time to stop is over. Default: that of the connection.
    /// </summary>
    public CancellationToken Aborted { get => field.CanBeCanceled ? field : Request?.Aborted ?? default; init; }

    /// <summary>What middleware adds.</summary>
    public ImmutableDictionary<string, object?> Items { get; init; } = ImmutableDictionary<string, object?>.Empty;

    /// <summary>
    /// The request; null where there is none, as in a test. It can be used until the connection ends. Afterwards the server gives it to another request, and this
    /// throws; what else is in the scope stays what it was.
    /// </summary>
    /// <exception cref="InvalidOperationException">The connection has ended.</exception>
    public HttpContext? HttpContext { get => Request?.Context; init => Request = value is null ? null : new ScopeRequest(value); }

    /// <summary>What the scope knows of the request.</summary>
    internal ScopeRequest? Request { get; init; }

    internal IRunObserver? Observer { get; init; }

    /// <summary>Returns one header without a copy of all.</summary>
    internal StringValues Header(string name) => _headers is { } headers ? headers[name] : Request?.Header(name) ?? default;

    /// <summary>A scope may be written to a log: without headers and query, which can hold secrets.</summary>
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append(CultureInfo.InvariantCulture, $"{nameof(Type)} = {Type}, {nameof(Path)} = {Path}");
        return true;
    }
}
