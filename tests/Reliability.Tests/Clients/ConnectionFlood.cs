using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ChannelsNet.Clients;

/// <summary>
/// Clients that connect as fast as they can, and again as soon as the server has closed the connection. Some ask for a WebSocket, the
/// others say nothing.
/// </summary>
internal sealed class ConnectionFlood : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _server;
    private readonly byte[] _handshake;
    private readonly Task[] _runs;
    private int _accepted;
    private int _unavailable;
    private int _closed;

    public ConnectionFlood(Uri server, string path, int webSockets, int silent)
    {
        _server = new IPEndPoint(IPAddress.Parse(server.Host), server.Port);
        _handshake = Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: {server.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        _runs = [.. Enumerable.Range(0, webSockets + silent).Select(i => Task.Run(() => RunAsync(asks: i < webSockets)))];
    }

    /// <summary>How many WebSockets were accepted.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>How many got a 503.</summary>
    public int Unavailable => Volatile.Read(ref _unavailable);

    /// <summary>How many connections the server has closed without a response.</summary>
    public int Closed => Volatile.Read(ref _closed);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_runs);
        _stop.Dispose();
    }

    private async Task RunAsync(bool asks)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                // It leaves without a word, so that its port is free again at once.
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.LingerState = new LingerOption(true, 0);
                await ConnectAsync(socket, asks);
            }
            catch (SocketException)
            {
                Interlocked.Increment(ref _closed);
            }
            catch (OperationCanceledException)
            {
                // The test has ended.
            }
        }
    }

    private async Task ConnectAsync(Socket socket, bool asks)
    {
        await socket.ConnectAsync(_server, _stop.Token);
        var buffer = new byte[4096];
        if (asks)
        {
            await socket.SendAsync(_handshake, _stop.Token);
        }

        while (await socket.ReceiveAsync(buffer, _stop.Token) is > 0 and var received)
        {
            switch (Encoding.ASCII.GetString(buffer, 0, Math.Min(received, 12)))
            {
                case "HTTP/1.1 101":
                    Interlocked.Increment(ref _accepted);
                    break;

                case "HTTP/1.1 503":
                    Interlocked.Increment(ref _unavailable);
                    return;
            }
        }

        Interlocked.Increment(ref _closed);
    }
}
