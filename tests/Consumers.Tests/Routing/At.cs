using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Routing;

/// <summary>Says which route it stands at, and what was captured.</summary>
internal sealed class At(string name) : IApplication
{
    public async Task RunAsync(Scope scope, IConnection connection)
    {
        await connection.ReceiveAsync();
        await connection.SendAsync(new WebSocketAccept());
        await connection.SendAsync(WebSocketSend.Text(
            $"{name} {string.Join(",", scope.RouteValues.Select(pair => $"{pair.Key}={pair.Value}").Order())}".TrimEnd()));
    }
}

/// <summary>Runs applications without a server and keeps what they send: a text as it is, "accept", "close CODE", "not found".</summary>
internal sealed class RecordedConnection : IConnection
{
    private readonly List<string> _sent = [];

    /// <summary>What was sent, without the acceptance.</summary>
    public string Sent => string.Join("; ", _sent.Where(sent => sent != "accept"));

    public static async Task<string> RunAsync(IApplication application, string path, Func<Scope, Scope>? change = null)
    {
        await using var services = new ServiceCollection().AddLogging().AddRouting().BuildServiceProvider();
        var connection = new RecordedConnection();
        var scope = new Scope { Type = Scope.WebSocket, Path = path, Services = services };
        await application.RunAsync(change?.Invoke(scope) ?? scope, connection);
        return connection.Sent;
    }

    public ValueTask<ClientEvent> ReceiveAsync() => ValueTask.FromResult<ClientEvent>(new WebSocketConnect());

    public ValueTask SendAsync(ServerEvent serverEvent)
    {
        _sent.Add(serverEvent switch
        {
            WebSocketSend send => Encoding.UTF8.GetString(send.Payload.Span),
            WebSocketClose close => $"close {close.Code}",
            Refusal { Status: 404 } => "not found",
            _ => "accept",
        });
        return ValueTask.CompletedTask;
    }
}
