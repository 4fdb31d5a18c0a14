using ChannelsNet.Runs;
using ChannelsNet.Servers;

namespace ChannelsNet;

/// <summary>
/// Runs an application and shows the bare events of its connection. For WebSockets and HTTP requests <see cref="WebSocketCommunicator"/> and
/// <see cref="HttpCommunicator"/> say it shorter.
/// </summary>
/// <param name="application">A consumer, a router or middleware.</param>
/// <param name="scope">What it is told of the connection.</param>
/// <example>
/// <code>
/// var scope = new Scope { Type = Scope.WebSocket, Services = channels.Services, Path = "/chat/tea/" };
/// await using var communicator = new ApplicationCommunicator(application, scope);
/// await communicator.SendInputAsync(new WebSocketConnect());
/// Assert.Equal(new WebSocketAccept(), await communicator.ReceiveOutputAsync());
/// </code>
/// </example>
public sealed class ApplicationCommunicator(IApplication application, Scope scope) : Communicator(application, scope, type: null)
{
    /// <summary>Does what a client does. After the application has ended nobody sees it, which is no error.</summary>
    /// <param name="input">Such as <see cref="WebSocketConnect"/>.</param>
    public Task SendInputAsync(ClientEvent input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var server = Run.Server;
        Raise();
        server.Receive(input);
        return Task.CompletedTask;
    }

    /// <summary>The next thing that the application does to its client.</summary>
    /// <param name="timeout">How long to wait, in real time. Default: <see cref="Communicator.Timeout"/>.</param>
    /// <exception cref="UnexpectedEventException">The application has ended.</exception>
    /// <exception cref="TimeoutException">Nothing came.</exception>
    public async Task<ServerEvent> ReceiveOutputAsync(TimeSpan? timeout = null) =>
        await TakeAsync("an event", timeout).ConfigureAwait(false) ?? throw new UnexpectedEventException("an event", EventText.Of((ServerEvent?)null));

    private protected override ServerSide Serve(Input input, Output output) => new AnyServer(Scope.Type, input, output);
}
