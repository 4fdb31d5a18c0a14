using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;

namespace ChannelsNet.Clients;

/// <summary>A client that is connected, and gives up when the server does not respond.</summary>
internal sealed class ConnectedClient : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[4096];

    public static async Task<ConnectedClient> ConnectAsync(Uri uri)
    {
        var client = new ConnectedClient();
        using var patience = new CancellationTokenSource(_patience);
        await client._socket.ConnectAsync(uri, patience.Token);
        return client;
    }

    public async Task<string> NextAsync()
    {
        using var patience = new CancellationTokenSource(_patience);
        var received = await _socket.ReceiveAsync(_buffer, patience.Token);
        return Encoding.UTF8.GetString(_buffer, 0, received.Count);
    }

    /// <summary>Sends a text to an echo and measures how long it takes to come back.</summary>
    public async Task<TimeSpan> EchoAsync(string text)
    {
        using var patience = new CancellationTokenSource(_patience);
        var begun = Stopwatch.GetTimestamp();
        await _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, patience.Token);
        Assert.Equal(text, await NextAsync());
        return Stopwatch.GetElapsedTime(begun);
    }

    public void Dispose() => _socket.Dispose();
}
