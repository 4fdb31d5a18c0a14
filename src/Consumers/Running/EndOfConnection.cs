using System.Net.WebSockets;

namespace ChannelsNet.Running;

/// <summary>The exceptions by which servers, streams and sockets say that a connection has ended.</summary>
internal static class EndOfConnection
{
    public static bool Is(Exception exception) =>
        exception is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException;
}
