using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.WebSockets.Sending;

public sealed class SocketOutputTests
{
    [Fact]
    public async Task A_socket_that_the_client_has_closed_meanwhile_is_no_fault_of_the_handshake()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Dispose();
        using var stream = new MemoryStream();
        var output = SocketOutput.Create(socket, stream, new HeaderDictionary());
        await output.WriteAsync(new byte[] { 1, 2 });
        Assert.Equal([1, 2], stream.ToArray());
    }
}
