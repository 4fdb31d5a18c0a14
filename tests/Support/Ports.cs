using System.Net;
using System.Net.Sockets;

namespace ChannelsNet.Support;

public static class Ports
{
    /// <summary>
    /// A loopback port that nobody listened on a moment ago. It is below those that systems give to outgoing connections, so that a
    /// server that is down for a while finds it free again, and no client that looks for the server meets itself there.
    /// </summary>
    public static int Free()
    {
        for (var tries = 1; ; tries++)
        {
            var port = Random.Shared.Next(15_000, 32_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException) when (tries < 100)
            {
            }
        }
    }
}
