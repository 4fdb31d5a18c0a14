using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.WebSockets.Sending;

public sealed class SocketOutputTests
{
    private readonly Progress _progress = new();

    private sealed class Progress : IWriteProgress
    {
        public void OnProgress()
        {
        }
    }

    [Fact]
    public async Task A_socket_that_the_client_has_closed_meanwhile_is_no_fault_of_the_handshake()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Dispose();
        using var stream = new MemoryStream();
        var output = SocketOutput.Create(socket, stream, new HeaderDictionary());
        await output.WriteAsync(new byte[] { 1, 2 }, _progress);
        Assert.Equal([1, 2], stream.ToArray());
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(5000, false)]
    public async Task That_some_of_an_answer_has_left_does_not_say_that_all_of_a_long_one_has(int length, bool byTheSocket)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var socket = await listener.AcceptSocketAsync();
        using var stream = new MemoryStream();

        // The server is still writing its answer, so what comes behind it has to go the same way.
        await socket.SendAsync("HTTP/1.1 101"u8.ToArray());
        var output = SocketOutput.Create(socket, stream, new HeaderDictionary { ["X-Much"] = new string('x', length) });
        await output.WriteAsync("frame"u8.ToArray(), _progress);
        Assert.Equal(byTheSocket ? "" : "frame", System.Text.Encoding.ASCII.GetString(stream.ToArray()));
        socket.Shutdown(SocketShutdown.Send);
        using var received = new StreamReader(client.GetStream());
        Assert.Equal(byTheSocket ? "HTTP/1.1 101frame" : "HTTP/1.1 101", await received.ReadToEndAsync().WaitAsync(TestServer.Patience));
    }
}
