using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChannelsNet;

/// <summary>
/// Serves one WebSocket. What it sends after the WebSocket has ended goes nowhere, without an error: the client can leave at any time.
/// </summary>
public abstract class WebSocketConsumer : Consumer
{
    private int _code = 1006;

    /// <summary>A client asks for a WebSocket. Default: accepts it. Until it is accepted or closed the client waits, at most 5 seconds.</summary>
    protected virtual Task ConnectAsync() => AcceptAsync();

    /// <summary>A text message has come. Default: it is passed over.</summary>
    protected virtual Task ReceiveAsync(string text) => Task.CompletedTask;

    /// <summary>A binary message has come. Default: it is passed over.</summary>
    protected virtual Task ReceiveAsync(ReadOnlyMemory<byte> bytes) => Task.CompletedTask;

    /// <summary>
    /// The WebSocket has ended, in whatever way: the client closed it, the connection broke, a handler threw, the server stops. It has
    /// left its groups already. Default: nothing.
    /// </summary>
    /// <param name="code">Why (RFC 6455, 7.4): the client's or the server's close code; 1000 also for none, 1006 for a broken or refused connection.</param>
    protected virtual Task DisconnectAsync(int code) => Task.CompletedTask;

    /// <summary>Accepts the WebSocket.</summary>
    /// <param name="subprotocol">One of those that the client offers in <see cref="Scope.Subprotocols"/>, or null for none.</param>
    /// <param name="headers">More headers of the answer.</param>
    protected Task AcceptAsync(string? subprotocol = null, IHeaderDictionary? headers = null) =>
        SendAsync(new WebSocketAccept(subprotocol, headers));

    /// <summary>Sends a text message.</summary>
    protected Task SendTextAsync(string text) => SendAsync(WebSocketSend.Text(text));

    /// <summary>Sends a binary message. The memory must not change until the task has ended.</summary>
    protected Task SendBytesAsync(ReadOnlyMemory<byte> bytes) => SendAsync(WebSocketSend.Bytes(bytes));

    /// <summary>
    /// Sends a value as a JSON text message, by the host's JSON options (<c>ConfigureHttpJsonOptions</c>; members in camelCase unless they
    /// say otherwise).
    /// </summary>
    protected Task SendJsonAsync<TValue>(TValue value) =>
        SendAsync(WebSocketSend.Text(JsonSerializer.SerializeToUtf8Bytes(value, Json.GetTypeInfo(typeof(TValue)))));

    /// <summary>Closes the WebSocket; before it is accepted, refuses it with the status 403.</summary>
    /// <param name="code">1000, 1001, 1003, 1007 to 1014, or 3000 to 4999 (RFC 6455, 7.4). Default: 1000, a normal end.</param>
    /// <param name="reason">Words for the client's log, at most 123 bytes of UTF-8.</param>
    protected Task CloseAsync(int code = 1000, string reason = "") => SendAsync(new WebSocketClose(code, reason));

    /// <summary>The host's JSON options.</summary>
    private protected JsonSerializerOptions Json =>
        Scope.Services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;

    /// <inheritdoc/>
    protected internal sealed override async Task<bool> DispatchAsync(ClientEvent clientEvent)
    {
        switch (clientEvent)
        {
            case WebSocketConnect:
                await ConnectAsync().ConfigureAwait(false);
                return true;
            case WebSocketReceive { Text: { } text }:
                await ReceiveAsync(text).ConfigureAwait(false);
                return true;
            case WebSocketReceive received:
                await ReceiveAsync(received.Bytes).ConfigureAwait(false);
                return true;
            case WebSocketDisconnect disconnect:
                _code = disconnect.Code;
                return false;
            default:
                throw new InvalidOperationException(
                    $"{GetType()} serves WebSockets and got a {clientEvent.GetType().Name}. Route it under {nameof(ProtocolTypeRouter)}.{nameof(ProtocolTypeRouter.WebSocket)}.");
        }
    }

    /// <inheritdoc/>
    protected internal sealed override Task FailAsync()
    {
        _code = 1011;
        return CloseAsync(1011, "The server has failed.");
    }

    /// <inheritdoc/>
    protected internal sealed override Task EndAsync() => DisconnectAsync(_code);
}
