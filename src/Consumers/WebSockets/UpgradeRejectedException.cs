namespace ChannelsNet.WebSockets;

/// <summary>The server takes no more upgraded connections, such as Kestrel at <c>KestrelServerLimits.MaxConcurrentUpgradedConnections</c>.</summary>
internal sealed class UpgradeRejectedException(Exception exception) : Exception(exception.Message, exception);
