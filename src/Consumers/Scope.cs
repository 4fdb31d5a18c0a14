using System.Collections.Immutable;
using System.Security.Claims;
using ChannelsNet.Running;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ChannelsNet;

/// <summary>
/// What is known of one connection. It never changes: middleware passes on <c>scope with { … }</c>, and who has seen it before sees
/// what it saw.
/// </summary>
public sealed record Scope
{
    /// <summary>The scope of a WebSocket.</summary>
    public const string WebSocket = "websocket";

    /// <summary>The scope of an HTTP request.</summary>
    public const string Http = "http";

    /// <summary>The scope of a worker, which serves one channel of the layer.</summary>
    public const string Worker = "channel";

    /// <summary>What kind of connection it is: <see cref="WebSocket"/>, <see cref="Http"/> or <see cref="Worker"/>.</summary>
    public required string Type { get; init; }

    /// <summary>The services of the host.</summary>
    public required IServiceProvider Services { get; init; }

    /// <summary>The channel that a worker serves; null for other types.</summary>
    public string? Channel { get; init; }

    /// <summary>The stream of a <see cref="Multiplexer"/> that is served; null for a connection of its own.</summary>
    public string? Stream { get; init; }

    /// <summary>The method of an HTTP request, such as GET. Default: the request's; without one GET.</summary>
    public string Method { get => field ?? HttpContext?.Request.Method ?? HttpMethods.Get; init; }

    /// <summary>The path that is still to be matched, with its leading slash and without what outer routers have matched.</summary>
    public PathString Path { get; init; } = "/";

    /// <summary>What the routes on the way here have captured, such as "room" of <c>chat/{room}/</c>.</summary>
    public RouteValueDictionary RouteValues { get; init; } = [];

    /// <summary>The query of the URL. Default: the request's; without one none.</summary>
    public IQueryCollection Query { get => field ?? HttpContext?.Request.Query ?? QueryCollection.Empty; init; }

    /// <summary>The headers of the request. Default: the request's; without one none.</summary>
    public IHeaderDictionary Headers { get => field ?? HttpContext?.Request.Headers ?? (field = new HeaderDictionary()); init; }

    /// <summary>The subprotocols that a WebSocket client offers, in its order of preference.</summary>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>Who the client is; without authentication nobody. Default: the request's user.</summary>
    public ClaimsPrincipal User { get => field ?? HttpContext?.User ?? (field = new ClaimsPrincipal(new ClaimsIdentity())); init; }

    /// <summary>
    /// Is cancelled when the connection has ended, so that work for it can stop; of a WebSocket when it breaks, not when it is closed; of a worker when the
    /// host's time to stop is over. Default: the request's.
    /// </summary>
    public CancellationToken Aborted { get => field.CanBeCanceled ? field : HttpContext?.RequestAborted ?? default; init; }

    /// <summary>What middleware adds.</summary>
    public ImmutableDictionary<string, object?> Items { get; init; } = ImmutableDictionary<string, object?>.Empty;

    /// <summary>The request; null where there is none, as in a test.</summary>
    public HttpContext? HttpContext { get; init; }

    internal IRunObserver? Observer { get; init; }
}
