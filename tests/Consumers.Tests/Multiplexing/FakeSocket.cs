using System.Text;
using System.Threading.Channels;

namespace ChannelsNet.Multiplexing;

/// <summary>A connection whose client is the test, which also sees what objects are sent and how much has been asked for.</summary>
internal sealed class FakeSocket : IConnection
{
    private readonly Channel<ClientEvent> _received = Channel.CreateUnbounded<ClientEvent>();
    private readonly Channel<ServerEvent> _sent = Channel.CreateUnbounded<ServerEvent>();
    private readonly Channel<int> _counts = Channel.CreateUnbounded<int>();
    private volatile int _taken;

    /// <summary>How many events the application has got.</summary>
    public int Taken => _taken;

    /// <summary>Connects, and runs the application until the disconnect.</summary>
    public Task RunAsync(IApplication application, TestServer server)
    {
        Receive(new WebSocketConnect());
        return application.RunAsync(new Scope { Type = Scope.WebSocket, Services = server.App.Services }, this).WaitAsync(2 * TestServer.Patience);
    }

    public void Receive(ClientEvent clientEvent) => Assert.True(_received.Writer.TryWrite(clientEvent));

    public async ValueTask<ClientEvent> ReceiveAsync()
    {
        var next = await _received.Reader.ReadAsync();
        Assert.True(_counts.Writer.TryWrite(++_taken));
        return next;
    }

    /// <summary>Ends when the application has got so many events.</summary>
    public async Task TakenAsync(int count)
    {
        while (await _counts.Reader.ReadAsync().AsTask().WaitAsync(TestServer.Patience) < count)
        {
        }
    }

    public ValueTask SendAsync(ServerEvent serverEvent) => _sent.Writer.WriteAsync(serverEvent);

    /// <summary>The next message that is sent and has this text in it.</summary>
    public async Task<WebSocketSend> SentAsync(string part)
    {
        while (true)
        {
            if (await _sent.Reader.ReadAsync().AsTask().WaitAsync(TestServer.Patience) is WebSocketSend send
                && Encoding.UTF8.GetString(send.Payload.Span).Contains(part, StringComparison.Ordinal))
            {
                return send;
            }
        }
    }
}
