using System.Buffers;
using System.Text;
using System.Text.Json;
using ChannelsNet.Messages;
using ChannelsNet.Running;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet;

/// <summary>
/// Serves one WebSocket.
/// </summary>
/// <remarks>
/// The client can leave at any time. A handler that is at work then may finish within <see cref="WebSocketConnectionOptions.CloseTimeout"/>. Later, or when the
/// connection was cut, sending throws an <see cref="OperationCanceledException"/>: a handler that does not catch it ends, and nothing is logged.
/// <see cref="Scope.Aborted"/> lets it end before.
/// </remarks>
public abstract class WebSocketConsumer : Consumer
{
    private int _code = CloseCodes.Broken;

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
    /// <param name="code">Why (RFC 6455, 7.4): the client's or the server's close code; 1005 for none, 1006 for a broken or refused connection.</param>
    protected virtual Task DisconnectAsync(int code) => Task.CompletedTask;

    /// <summary>Accepts the WebSocket.</summary>
    /// <param name="subprotocol">One of those that the client offers in <see cref="Scope.Subprotocols"/>, or null for none.</param>
    /// <param name="headers">More headers of the answer.</param>
    protected internal Task AcceptAsync(string? subprotocol = null, IHeaderDictionary? headers = null) =>
        SendAsync(new WebSocketAccept(subprotocol, headers));

    /// <summary>
    /// Sends a text message. This never waits for the client: the message goes into a bounded queue, and what happens when that is full says
    /// <see cref="WebSocketConnectionOptions.WhenFull"/>. Consumers that send the same string object while they handle the same message share its bytes.
    /// </summary>
    protected internal Task SendTextAsync(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return SendAsync(Context.Handling is { } handling
            ? PayloadCache.OfText(handling, text, Encoding.UTF8, typeof(string), static (value, _, _) => WebSocketSend.Text((string)value!))
            : WebSocketSend.Text(text));
    }

    /// <summary>Sends a binary message, which is copied. Like <see cref="SendTextAsync"/> it never waits for the client.</summary>
    protected internal Task SendBytesAsync(ReadOnlyMemory<byte> bytes) => SendAsync(About(WebSocketSend.Bytes(bytes), Context.Handling));

    /// <summary>
    /// Sends a value as a JSON text message, by the host's JSON options (<c>ConfigureHttpJsonOptions</c>; members in camelCase unless they
    /// say otherwise). Like <see cref="SendTextAsync"/> it never waits for the client. A message of the layer is written once for all consumers of this
    /// process that send it; any other object is written for each send, as it is at that moment.
    /// </summary>
    protected internal Task SendJsonAsync<TValue>(TValue value) => SendAsync((value, Context.Handling) switch
    {
        (Message message, _) => PayloadCache.OfMessage(message, Json, typeof(TValue), WriteJson),
        (string text, { } handling) => PayloadCache.OfText(handling, text, Json, typeof(TValue), WriteJson),
        var (_, handling) => About(WriteJson(value, Json, typeof(TValue)), handling),
    });

    /// <summary>
    /// Sends something that is made of a message, and that is the same for all clients, as a JSON text message. It is made and written once for all
    /// consumers of this process that send the same view of the same message.
    /// </summary>
    /// <remarks>
    /// Write a <c>static</c> lambda or a static method: it is called once for each message, whoever the client is. A lambda that captures something is called
    /// and written for each send.
    /// </remarks>
    /// <example>
    /// <code>
    /// public Task HandleAsync(PriceChange message) => SendJsonAsync(message, static price => new { price.Symbol, Text = $"{price.Value:N2} €" });
    /// </code>
    /// </example>
    /// <param name="message">The message.</param>
    /// <param name="view">Makes the value that is sent. It may depend on the message and on nothing else.</param>
    protected internal Task SendJsonAsync<TMessage, TValue>(TMessage message, Func<TMessage, TValue> view)
        where TMessage : Message
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(view);
        return SendAsync(PayloadCache.OfView(message, view, Json, WriteJson));
    }

    /// <summary>
    /// Sends a message of the layer on as it is between processes, as one flat JSON object with "type", in a text message. Written once for all consumers
    /// of this process that send it on.
    /// </summary>
    protected internal Task ForwardJsonAsync(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return SendAsync(PayloadCache.OfMessage(message, Context.Services.JsonMessages, typeof(Message), static (value, serializer, _) =>
            WebSocketSend.Text(Serialize((Message)value!, serializer))));
    }

    /// <summary>Like <see cref="ForwardJsonAsync"/>, as one flat MessagePack map in a binary message.</summary>
    protected internal Task ForwardMessagePackAsync(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return SendAsync(PayloadCache.OfMessage(message, Context.Services.MessagePackMessages, typeof(Message), static (value, serializer, _) =>
            WebSocketSend.Bytes(Serialize((Message)value!, serializer))));
    }

    /// <summary>
    /// Waits until all that was sent before has gone out to the network. For who sends more at once than the queue may hold: send a part, flush, send the
    /// next part.
    /// </summary>
    protected internal Task FlushAsync() => SendAsync(new WebSocketFlush());

    /// <summary>
    /// Refuses the WebSocket instead of accepting it, by an HTTP response; one that has been accepted already is closed with 1008. A page in a browser sees
    /// only that it was refused; a program can read the status and the text.
    /// </summary>
    /// <param name="status">400 to 599. Default: 403.</param>
    /// <param name="body">Plain text for the client's developer.</param>
    protected internal Task RefuseAsync(int status = StatusCodes.Status403Forbidden, string body = "") => SendAsync(new Refusal(status, body));

    /// <summary>Closes the WebSocket; before it is accepted, refuses it with the status 403.</summary>
    /// <param name="code">1000, 1001, 1003, 1007 to 1014, or 3000 to 4999 (RFC 6455, 7.4). Default: 1000, a normal end.</param>
    /// <param name="reason">Words for the client's log, at most 123 bytes of UTF-8.</param>
    protected internal Task CloseAsync(int code = 1000, string reason = "") => SendAsync(new WebSocketClose(code, reason));

    internal sealed override bool HasCode => true;

    /// <summary>The host's JSON options.</summary>
    internal JsonSerializerOptions Json => Context.Services.Json;

    /// <summary>
    /// Takes what the client did to its handler. Override it, and <see cref="Consumer.DispatchAsync(Message)"/>, for what is to be done around every
    /// handler, such as what is to happen to an exception.
    /// </summary>
    /// <returns>False when that was the end of the connection; <see cref="DisconnectAsync"/> runs after it.</returns>
    protected internal override async Task<bool> DispatchAsync(ClientEvent clientEvent)
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
        _code = CloseCodes.ServerError;
        return CloseAsync(CloseCodes.ServerError, "The server has failed.");
    }

    /// <inheritdoc/>
    internal sealed override Task RefuseAsync(Refusal refusal)
    {
        _code = refusal.CloseCode;
        return base.RefuseAsync(refusal);
    }

    /// <inheritdoc/>
    protected internal sealed override Task EndAsync() => DisconnectAsync(_code);

    private static WebSocketSend About(WebSocketSend send, Message? message) =>
        message is null ? send : send with { Kind = PayloadCache.KindOf(message) };

    private static WebSocketSend WriteJson(object? value, JsonSerializerOptions options, Type type) =>
        WebSocketSend.Text(JsonSerializer.SerializeToUtf8Bytes(value, options.GetTypeInfo(type)));

    private static ReadOnlyMemory<byte> Serialize(Message message, IMessageSerializer serializer)
    {
        var output = new ArrayBufferWriter<byte>();
        serializer.Serialize(message, default, output);
        return output.WrittenMemory;
    }
}
