using ChannelsNet.Telemetry;
using ChannelsNet.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ChannelsNet.Security.Groups;

/// <summary>Puts a gate before the groups of those connections that may not join as they like.</summary>
internal sealed class GroupGates(IEnumerable<GroupPolicy> policies, RefusedClients refused)
{
    private readonly GroupPolicy[] _policies = [.. policies];

    /// <summary>The gate of one connection; null if it may join what it likes. A worker may: it serves no client.</summary>
    public GroupGate? Create(Scope scope)
    {
        var endpoint = scope.HttpContext?.GetEndpoint();
        var route = endpoint?.Metadata.GetMetadata<WebSocketRoute>();
        var most = route?.Options.MaxGroups;
        return scope.Type == Scope.Worker || (_policies.Length == 0 && most is null)
            ? null
            : new GroupGate(scope, _policies, most, refused, route?.Name ?? (endpoint as RouteEndpoint)?.RoutePattern.RawText ?? scope.Type);
    }
}
