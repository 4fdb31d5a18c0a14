using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ChannelsNet.Runs;
using ChannelsNet.Servers;
using ChannelsNet.WebSockets;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet;

/// <summary>
/// A WebSocket client of an application in the same process. Make one with <see cref="TestChannels.WebSocket"/>. Messages come in the order in which they
/// were sent, and a close that the application sends is answered at once, as clients do.
/// </summary>
/// <param name="application">A consumer, a router or middleware.</param>
/// <param name="scope">What it is told of the connection; of the type <see cref="Scope.WebSocket"/>.</param>
/// <remarks>The rules of a WebSocket hold as on a server. What needs bytes on a network does not exist: size limits, pings, slow readers, compression.</remarks>
public sealed class WebSocketCommunicator(IApplication application, Scope scope) : Communicator(application, scope, Scope.WebSocket)
{
    private const string TextMessage = "a text message";
    private const string BinaryMessage = "a binary message";

    private WebSocketAnswer? _answer;
    /// <summary>How long a handler may go on after a close, in real time.</summary>
    private static readonly TimeSpan _closeTimeout = TimeSpan.FromSeconds(1);

    private string? _ended;
    private bool _hasConnected;

    private WebSocketServer Server => (WebSocketServer)Run.Server;

    /// <summary>Asks for the WebSocket, and waits until the application has accepted or refused it. Once for each communicator.</summary>
    /// <returns>How it answered. A refusal is no error.</returns>
    public async Task<WebSocketAnswer> ConnectAsync()
    {
        if (_hasConnected)
        {
            throw new InvalidOperationException("ConnectAsync has been called already. A communicator is one connection: make another one for the next.");
        }

        _hasConnected = true;
        Server.Receive(new WebSocketConnect());
        _answer = AnswerOf(await TakeAsync("the WebSocket to be accepted or refused").ConfigureAwait(false));
        if (!_answer.Accepted)
        {
            _ended = $"was refused with {_answer.Status}";
        }

        return _answer;
    }

    /// <summary>Sends a text message; it may be empty.</summary>
    /// <exception cref="InvalidOperationException">The WebSocket is not open.</exception>
    public Task SendTextAsync(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return SendAsync(new WebSocketReceive(text));
    }

    /// <summary>Sends a binary message; it may be empty. It is copied.</summary>
    /// <exception cref="InvalidOperationException">The WebSocket is not open.</exception>
    public Task SendBytesAsync(ReadOnlyMemory<byte> bytes) => SendAsync(new WebSocketReceive(bytes.ToArray()));

    /// <summary>Sends a value as a JSON text message, by the host's JSON options.</summary>
    /// <exception cref="InvalidOperationException">The WebSocket is not open.</exception>
    public Task SendJsonAsync<TValue>(TValue value) =>
        SendAsync(new WebSocketReceive(JsonSerializer.Serialize(value, (JsonTypeInfo<TValue>)HostJson.Of(Scope).GetTypeInfo(typeof(TValue)))));

    /// <summary>The next message, which must be text.</summary>
    /// <exception cref="UnexpectedEventException">A binary message came, or the WebSocket was closed.</exception>
    /// <exception cref="TimeoutException">Nothing came.</exception>
    public async Task<string> ReceiveTextAsync() => Encoding.UTF8.GetString((await ReceiveAsync(isText: true, TextMessage).ConfigureAwait(false)).Span);

    /// <summary>The next message, which must be binary.</summary>
    /// <exception cref="UnexpectedEventException">A text message came, or the WebSocket was closed.</exception>
    /// <exception cref="TimeoutException">Nothing came.</exception>
    public async Task<ReadOnlyMemory<byte>> ReceiveBytesAsync() => await ReceiveAsync(isText: false, BinaryMessage).ConfigureAwait(false);

    /// <summary>The next message, which must be JSON in text, read by the host's JSON options.</summary>
    /// <exception cref="UnexpectedEventException">Something else came, JSON of another shape or null, or the WebSocket was closed.</exception>
    /// <exception cref="TimeoutException">Nothing came.</exception>
    public async Task<TValue> ReceiveJsonAsync<TValue>()
    {
        var text = await ReceiveAsync(isText: true, HostJson.Expected<TValue>()).ConfigureAwait(false);
        return HostJson.Read<TValue>(text.Span, Scope);
    }

    /// <summary>The application's close, which must come next. If it just ends, that is a close with 1000.</summary>
    /// <exception cref="UnexpectedEventException">A message came.</exception>
    /// <exception cref="TimeoutException">Nothing came.</exception>
    public async Task<WebSocketClose> ReceiveCloseAsync()
    {
        RequireOpen();
        var next = await TakeAsync("a close").ConfigureAwait(false);
        return Closed(next) ?? throw new UnexpectedEventException("a close", EventText.Of(next));
    }

    /// <summary>
    /// Closes the WebSocket from the client's side, and waits until the application has ended. What was not received is dropped. If the application has
    /// closed it already, this only waits. A handler that goes on for a second gets an exception when it sends, as it does on a server after
    /// <see cref="WebSocketConnectionOptions.CloseTimeout"/>.
    /// </summary>
    /// <param name="code">The client's code; 1005 for a close without one, 1006 for a connection that breaks. Default: 1000, a normal end.</param>
    /// <param name="reason">The client's words.</param>
    /// <exception cref="TimeoutException">The application goes on.</exception>
    public async Task DisconnectAsync(int code = 1000, string reason = "")
    {
        if (code is not (CloseCodes.None or CloseCodes.Broken) && !WebSocketCodes.IsSendable(code))
        {
            throw new ArgumentOutOfRangeException(nameof(code), code,
                $"{code} is no close code of a client. Expected 1000, 1001, 1003, 1005 to 1014, or 3000 to 4999.");
        }

        if (!_hasConnected)
        {
            throw new InvalidOperationException("The WebSocket was not asked for. Call ConnectAsync first.");
        }

        _ended ??= $"was closed by the client with {code}";
        Server.CloseReceived(code, reason);
        if (code == CloseCodes.Broken || await Task.WhenAny(Run.Ended, Task.Delay(_closeTimeout)).ConfigureAwait(false) != Run.Ended)
        {
            await Run.AbortAsync().ConfigureAwait(false);
        }

        await WaitAsync().ConfigureAwait(false);
    }

    private protected override ServerSide Serve(Input input, Output output) => new WebSocketServer(input, output, Scope.Subprotocols);

    private Task SendAsync(WebSocketReceive message)
    {
        RequireOpen();
        Raise();
        Server.Receive(message);
        return Task.CompletedTask;
    }

    private async Task<ReadOnlyMemory<byte>> ReceiveAsync(bool isText, string expected)
    {
        RequireOpen();
        var next = await TakeAsync(expected).ConfigureAwait(false);
        if (next is WebSocketSend send && send.IsText == isText)
        {
            return send.Payload;
        }

        _ = Closed(next);
        throw new UnexpectedEventException(expected, EventText.Of(next));
    }

    private WebSocketClose? Closed(ServerEvent? serverEvent)
    {
        if (serverEvent is not WebSocketClose close)
        {
            return null;
        }

        _ended = $"was closed by the application with {close.Code}";
        return close;
    }

    private void RequireOpen()
    {
        if (_ended is not null)
        {
            Raise();
            throw new InvalidOperationException($"The WebSocket {_ended}, so nothing can be sent or received. Make another communicator for the next connection.");
        }

        if (_answer is null)
        {
            throw new InvalidOperationException("The WebSocket is not open. Call ConnectAsync first, and await it.");
        }
    }

    private static WebSocketAnswer AnswerOf(ServerEvent? answer) => answer switch
    {
        WebSocketAccept accept => new WebSocketAnswer
        {
            Status = StatusCodes.Status101SwitchingProtocols,
            Subprotocol = accept.Subprotocol,
            Headers = accept.Headers ?? new HeaderDictionary(),
        },
        Refusal refusal => new WebSocketAnswer { Status = refusal.Status, Body = refusal.Body, Headers = refusal.Headers ?? new HeaderDictionary() },
        WebSocketClose close => new WebSocketAnswer { Status = WebSocketCodes.RefusalStatus(close.Code), CloseCode = close.Code },
        _ => throw new UnexpectedEventException("the WebSocket to be accepted or refused", EventText.Of(answer)),
    };
}
