using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet.Routing;

/// <summary>Marks an endpoint that takes connections of one protocol and nothing else.</summary>
/// <param name="Protocol">The type of scope.</param>
internal sealed record ProtocolMetadata(string Protocol);

/// <summary>Leaves the endpoints of WebSockets to WebSockets and those of HTTP to all else, so that both, and a page, can stand at the same path.</summary>
internal sealed class ProtocolMatcherPolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    public override int Order => 0;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) =>
        endpoints.Any(endpoint => endpoint.Metadata.GetMetadata<ProtocolMetadata>() is not null);

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        var protocol = IsWebSocket(httpContext) ? Scope.WebSocket : Scope.Http;
        for (var i = 0; i < candidates.Count; i++)
        {
            if (candidates.IsValidCandidate(i) && candidates[i].Endpoint.Metadata.GetMetadata<ProtocolMetadata>() is { } taken && taken.Protocol != protocol)
            {
                candidates.SetValidity(i, false);
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>RFC 6455, 4.2.1 for HTTP/1.1; RFC 8441 for HTTP/2.</summary>
    public static bool IsWebSocket(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect
            ? string.Equals(connect.Protocol, "websocket", StringComparison.OrdinalIgnoreCase)
            : context.Request.Headers.GetCommaSeparatedValues(HeaderNames.Upgrade).Contains("websocket", StringComparer.OrdinalIgnoreCase);
}
