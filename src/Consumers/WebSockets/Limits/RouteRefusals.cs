using System.Diagnostics;
using ChannelsNet.Telemetry;
using ChannelsNet.WebSockets.Receiving;

namespace ChannelsNet.WebSockets.Limits;

/// <summary>Counts the clients that one of a route's options, or the protocol, has stopped, and says which.</summary>
internal static class RouteRefusals
{
    public static void AddNotAccepted(this WebSocketRoute route) => route.RefusedClients.Add(
        RefusalReason.AcceptTimeout,
        route.Name,
        $"it was neither accepted nor closed within {Option(nameof(route.Options.AcceptTimeout))} = {route.Options.AcceptTimeout.TotalSeconds} s");

    public static void AddNoPong(this WebSocketRoute route) => route.RefusedClients.Add(
        RefusalReason.PingTimeout,
        route.Name,
        $"it did not answer a ping within {Option(nameof(route.Options.PingTimeout))} = {route.Options.PingTimeout.TotalSeconds} s");

    public static void AddWriteTimeout(this WebSocketRoute route) => route.RefusedClients.Add(
        RefusalReason.WriteTimeout,
        route.Name,
        $"it took nothing of what was written for {Option(nameof(route.Options.WriteTimeout))} = {route.Options.WriteTimeout.TotalSeconds} s");

    public static void AddUpgradeRejected(this WebSocketRoute route, UpgradeRejectedException rejected) =>
        route.RefusedClients.Add(RefusalReason.ServerLimit, route.Name, $"the server takes no more upgraded connections: {rejected.Message}");

    public static void AddFault(this WebSocketRoute route, ClientFaultException fault)
    {
        var (reason, why) = fault.Code switch
        {
            CloseCodes.TooLarge => (RefusalReason.MaxMessageSize, $"{Option(nameof(route.Options.MaxMessageSize))} is {route.Options.MaxMessageSize}"),
            CloseCodes.PolicyViolation => (
                RefusalReason.MaxMessagesPerSecond, $"{Option(nameof(route.Options.MaxMessagesPerSecond))} is {route.Options.MaxMessagesPerSecond}"),
            CloseCodes.InvalidPayload => (RefusalReason.InvalidPayload, fault.Message),
            CloseCodes.ProtocolError => (RefusalReason.ProtocolError, fault.Message),
            _ => throw new UnreachableException($"There is no reason for the close code {fault.Code}."),
        };
        route.RefusedClients.Add(reason, route.Name, why);
    }

    private static string Option(string name) => $"{nameof(WebSocketConnectionOptions)}.{name}";
}
