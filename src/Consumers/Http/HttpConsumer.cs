using System.Buffers;
using System.Text;
using System.Text.Json;
using ChannelsNet.Http;
using ChannelsNet.Running;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet;

/// <summary>
/// Serves one HTTP request of any method: answers it at once, or later when a message of the layer has come (long poll), or by a stream of server-sent
/// events. When the client has left, sending throws an <see cref="OperationCanceledException"/> and <see cref="Scope.Aborted"/> is canceled: a handler that does
/// not catch it ends, and nothing is logged.
/// </summary>
/// <remarks>
/// Messages come to its handlers after <see cref="HandleAsync"/>, and none after the response is complete. A client that reads slowly makes what is sent
/// wait, at most for <see cref="HttpConnectionOptions.WriteTimeout"/>; meanwhile messages wait in the consumer's mailbox, as many as the layer's capacity.
/// </remarks>
public abstract class HttpConsumer : Consumer
{
    private const string PlainText = "text/plain; charset=utf-8";
    private const string Json = "application/json; charset=utf-8";

    private ArrayBufferWriter<byte>? _body;
    private HttpResponseStart? _start;
    private bool _isHandled;
    private bool _isFinished;

    /// <summary>The id of the last event that the client of a stream has seen before it came back; null if it has seen none with an id.</summary>
    protected string? LastEventId => Scope.Header("Last-Event-ID") is { Count: > 0 } id ? id.ToString() : null;

    /// <summary>
    /// Whether a message can make it answer after <see cref="HandleAsync"/>. Default: whether it has an <see cref="IHandle{TMessage}"/>; override it where
    /// messages are taken in another way.
    /// </summary>
    protected virtual bool AnswersLater => HasHandlers;

    internal sealed override bool TakesMessages => _isHandled && !_isFinished;

    /// <summary>The whole request has come; the consumer is a member of its <see cref="Consumer.Groups"/>. Answers it, or leaves that to a message's handler.</summary>
    /// <param name="body">The body, empty if there is none; it stays valid. A larger one than <see cref="HttpConnectionOptions.MaxRequestBodySize"/> does not come here.</param>
    protected abstract Task HandleAsync(ReadOnlyMemory<byte> body);

    /// <summary>
    /// No answer has been begun for <see cref="HttpConnectionOptions.LongPollTimeout"/>. Default: answers 204, so that the client asks again. If this answers
    /// nothing, it is called again after the same time.
    /// </summary>
    protected virtual Task TimeoutAsync() => RespondAsync(StatusCodes.Status204NoContent);

    /// <summary>
    /// The request has ended, in whatever way: it was answered, the client left, a handler threw, the host stops. The consumer has left its groups already.
    /// Default: nothing.
    /// </summary>
    protected virtual Task DisconnectAsync() => Task.CompletedTask;

    /// <summary>Answers with a text, or with no body.</summary>
    /// <param name="status">200 to 599.</param>
    /// <param name="text">The text, which is sent as UTF-8. Default: no body.</param>
    /// <param name="contentType">What the text is. Default: plain text.</param>
    /// <param name="headers">More headers; a content type among them wins. Default: none.</param>
    /// <exception cref="InvalidOperationException">The request is answered already, or the status can't be that of a response with this body.</exception>
    protected Task RespondAsync(int status, string text = "", string contentType = PlainText, IHeaderDictionary? headers = null) =>
        RespondAsync(status, Encoding.UTF8.GetBytes(text), contentType, headers);

    /// <summary>Answers with bytes.</summary>
    /// <param name="status">200 to 599.</param>
    /// <param name="body">The bytes.</param>
    /// <param name="contentType">What they are. Default: unknown.</param>
    /// <param name="headers">More headers; a content type among them wins. Default: none.</param>
    /// <exception cref="InvalidOperationException">The request is answered already, or the status can't be that of a response with this body.</exception>
    protected async Task RespondAsync(
        int status, ReadOnlyMemory<byte> body, string contentType = "application/octet-stream", IHeaderDictionary? headers = null)
    {
        var all = new HeaderDictionary();
        if (!body.IsEmpty)
        {
            all[HeaderNames.ContentType] = contentType;
        }

        foreach (var (name, value) in headers ?? new HeaderDictionary())
        {
            all[name] = value;
        }

        await SendAsync(new HttpResponseStart(status, all)).ConfigureAwait(false);
        await SendAsync(new HttpResponseBody(body)).ConfigureAwait(false);
    }

    /// <summary>
    /// Responds with a value as JSON, by the host's JSON options (<c>ConfigureHttpJsonOptions</c>). A message of the layer is written once for all consumers of
    /// this process that respond with it; any other object is written for each response.
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="status">200 to 599. Default: 200.</param>
    /// <param name="headers">More headers. Default: none.</param>
    /// <exception cref="InvalidOperationException">The request is answered already.</exception>
    protected Task RespondJsonAsync<TValue>(TValue value, int status = StatusCodes.Status200OK, IHeaderDictionary? headers = null) =>
        RespondAsync(status, WriteJson(value, SerializeJson), Json, headers);

    /// <summary>
    /// Responds with something that is made of a message, and that is the same for all clients, as JSON. It is made and written once for all consumers of this
    /// process that respond with the same view of the same message; see <see cref="WebSocketConsumer.SendJsonAsync{TMessage, TValue}"/>.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="view">Makes the value; a <c>static</c> lambda. It may depend on the message and on nothing else.</param>
    /// <param name="status">200 to 599. Default: 200.</param>
    /// <param name="headers">More headers. Default: none.</param>
    /// <exception cref="InvalidOperationException">The request is answered already.</exception>
    protected Task RespondJsonAsync<TMessage, TValue>(
        TMessage message, Func<TMessage, TValue> view, int status = StatusCodes.Status200OK, IHeaderDictionary? headers = null)
        where TMessage : Message =>
        RespondAsync(status, WriteJson(message, view, SerializeJson), Json, headers);

    /// <summary>Begins an answer whose body comes in parts; it goes out with the first of them.</summary>
    /// <param name="status">200 to 599. Default: 200.</param>
    /// <param name="headers">The headers. Default: none.</param>
    /// <exception cref="InvalidOperationException">The request is answered already, or the answer has begun.</exception>
    protected Task StartAsync(int status = StatusCodes.Status200OK, IHeaderDictionary? headers = null) => SendAsync(new HttpResponseStart(status, headers));

    /// <summary>Sends a part of the answer's body, at once.</summary>
    /// <exception cref="InvalidOperationException">The answer has not begun, or is complete.</exception>
    protected Task SendPartAsync(ReadOnlyMemory<byte> part) => SendAsync(new HttpResponseBody(part, IsLast: false));

    /// <summary>Sends a part of the answer's body as UTF-8, at once.</summary>
    /// <exception cref="InvalidOperationException">The answer has not begun, or is complete.</exception>
    protected Task SendPartAsync(string part) => SendPartAsync(Encoding.UTF8.GetBytes(part));

    /// <summary>Ends an answer that was begun, also a stream of events; the client of a stream comes back unless it is then answered 204.</summary>
    /// <exception cref="InvalidOperationException">The answer has not begun, or is complete.</exception>
    protected Task FinishAsync() => SendAsync(new HttpResponseBody(default));

    /// <summary>
    /// Begins a stream of server-sent events (<c>text/event-stream</c>), so that the client knows at once that it is connected. The first event does it too.
    /// </summary>
    /// <param name="headers">More headers; they win over those of the stream. Default: none.</param>
    /// <exception cref="InvalidOperationException">The request is answered already, or the answer has begun.</exception>
    protected async Task StartEventsAsync(IHeaderDictionary? headers = null)
    {
        await SendAsync(new HttpResponseStart(StatusCodes.Status200OK, EventStream.Headers(headers)) { IsEventStream = true }).ConfigureAwait(false);
        await SendAsync(new HttpResponseBody(default, IsLast: false)).ConfigureAwait(false);
    }

    /// <summary>Sends a server-sent event, at once.</summary>
    /// <param name="data">Any text, also of several lines; the client's line breaks are <c>\n</c>.</param>
    /// <param name="name">What the client listens to. Default: "message".</param>
    /// <param name="id">What the client says in <see cref="LastEventId"/> when it comes back. Default: the last one.</param>
    /// <param name="retry">After what time the client is to come back when the stream has ended. Default: as before; browsers take some seconds.</param>
    /// <exception cref="ArgumentException">The name or the id has a line break, or the id a U+0000, which the format does not allow.</exception>
    /// <exception cref="InvalidOperationException">The answer has begun as something else, or is complete.</exception>
    protected Task SendEventAsync(string data, string? name = null, string? id = null, TimeSpan? retry = null) =>
        SendEventAsync(EventStream.Event(Encoding.UTF8.GetBytes(data)), EventStream.Fields(name, id, retry));

    /// <summary>
    /// Sends a value as the JSON of a server-sent event, by the host's JSON options (<c>ConfigureHttpJsonOptions</c>). A message of the layer is written once for
    /// all consumers of this process that send it; any other object is written for each send, as it is at that moment.
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="name">What the client listens to. Default: "message".</param>
    /// <param name="id">What the client says in <see cref="LastEventId"/> when it comes back. Default: the last one.</param>
    /// <param name="retry">After what time the client is to come back when the stream has ended. Default: as before; browsers take some seconds.</param>
    /// <exception cref="ArgumentException">The name or the id has a line break, or the id a U+0000, which the format does not allow.</exception>
    /// <exception cref="InvalidOperationException">The answer has begun as something else, or is complete.</exception>
    protected Task SendJsonEventAsync<TValue>(TValue value, string? name = null, string? id = null, TimeSpan? retry = null) =>
        SendEventAsync(WriteJson(value, WriteJsonEvent).Bytes, EventStream.Fields(name, id, retry));

    /// <summary>
    /// Sends something that is made of a message, and that is the same for all clients, as the JSON of a server-sent event. It is made and written once for all
    /// consumers of this process that send the same view of the same message; see <see cref="WebSocketConsumer.SendJsonAsync{TMessage, TValue}"/>.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="view">Makes the value; a <c>static</c> lambda. It may depend on the message and on nothing else.</param>
    /// <param name="name">What the client listens to. Default: "message".</param>
    /// <param name="id">What the client says in <see cref="LastEventId"/> when it comes back. Default: the last one.</param>
    /// <param name="retry">After what time the client is to come back when the stream has ended. Default: as before; browsers take some seconds.</param>
    /// <exception cref="ArgumentException">The name or the id has a line break, or the id a U+0000, which the format does not allow.</exception>
    /// <exception cref="InvalidOperationException">The answer has begun as something else, or is complete.</exception>
    protected Task SendJsonEventAsync<TMessage, TValue>(
        TMessage message, Func<TMessage, TValue> view, string? name = null, string? id = null, TimeSpan? retry = null)
        where TMessage : Message =>
        SendEventAsync(WriteJson(message, view, WriteJsonEvent).Bytes, EventStream.Fields(name, id, retry));

    /// <inheritdoc/>
    protected internal sealed override async Task<bool> DispatchAsync(ClientEvent clientEvent)
    {
        switch (clientEvent)
        {
            case HttpRequestBody part when !part.IsLast || _body is not null:
                (_body ??= new ArrayBufferWriter<byte>()).Write(part.Bytes.Span);
                if (part.IsLast)
                {
                    await HandleRequestAsync(_body.WrittenMemory).ConfigureAwait(false);
                }

                return true;
            case HttpRequestBody whole:
                await HandleRequestAsync(whole.Bytes.ToArray()).ConfigureAwait(false);
                return true;
            case HttpTimeout when _start is null && !_isFinished:
                await TimeoutAsync().ConfigureAwait(false);
                return true;
            case HttpTimeout:
                return true;
            case HttpDisconnect:
                return false;
            default:
                throw new InvalidOperationException(
                    $"{GetType()} serves HTTP and got a {clientEvent.GetType().Name}. Route it under {nameof(ProtocolTypeRouter)}.{nameof(ProtocolTypeRouter.Http)}.");
        }
    }

    /// <inheritdoc/>
    protected internal sealed override Task FailAsync() => SendAsync(new Refusal(StatusCodes.Status500InternalServerError));

    /// <inheritdoc/>
    protected internal sealed override Task EndAsync() => DisconnectAsync();

    private protected sealed override async Task PassAsync(ServerEvent serverEvent)
    {
        await base.PassAsync(serverEvent).ConfigureAwait(false);
        _start = serverEvent as HttpResponseStart ?? _start;
        _isFinished |= serverEvent is HttpResponseBody { IsLast: true } or Refusal;
    }

    private async Task HandleRequestAsync(ReadOnlyMemory<byte> body)
    {
        await HandleAsync(body).ConfigureAwait(false);
        _isHandled = true;
        if (!_isFinished && !AnswersLater && !Scope.Aborted.IsCancellationRequested)
        {
            throw new InvalidOperationException(
                $"{GetType()} has ended HandleAsync without a whole answer, and no message can make it answer later. Call RespondAsync in it, or FinishAsync "
                + "at the end of what was begun; or write IHandle<…> for the message that is to make it answer into its header.");
        }
    }

    private async Task SendEventAsync(ReadOnlyMemory<byte> data, byte[] fields)
    {
        if (_start is null)
        {
            await SendAsync(new HttpResponseStart(StatusCodes.Status200OK, EventStream.Headers(null)) { IsEventStream = true }).ConfigureAwait(false);
        }
        else if (!_start.IsEventStream)
        {
            throw new InvalidOperationException(
                $"An event is to be sent, but the answer has begun as something else, with the status {_start.Status}. Begin it by StartEventsAsync, or just send events.");
        }

        await SendAsync(new HttpResponseBody(fields.Length == 0 ? data : (byte[])[.. fields, .. data.Span], IsLast: false)).ConfigureAwait(false);
    }

    /// <summary>Writes a value, or finds what others have written of the same message or text.</summary>
    private TPayload WriteJson<TValue, TPayload>(TValue value, Func<object?, JsonSerializerOptions, Type, TPayload> write)
        where TPayload : class => (value, Context.Handling) switch
        {
            (Message message, _) => PayloadCache.OfMessage(message, Context.Services.Json, typeof(TValue), write),
            (string text, { } handling) => PayloadCache.OfText(handling, text, Context.Services.Json, typeof(TValue), write),
            _ => write(value, Context.Services.Json, typeof(TValue)),
        };

    private TPayload WriteJson<TMessage, TValue, TPayload>(
        TMessage message, Func<TMessage, TValue> view, Func<object?, JsonSerializerOptions, Type, TPayload> write)
        where TMessage : Message
        where TPayload : class
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(view);
        return PayloadCache.OfView(message, view, Context.Services.Json, write);
    }

    private static byte[] SerializeJson(object? value, JsonSerializerOptions options, Type type) =>
        JsonSerializer.SerializeToUtf8Bytes(value, options.GetTypeInfo(type));

    private static HttpResponseBody WriteJsonEvent(object? value, JsonSerializerOptions options, Type type) =>
        new(EventStream.Event(SerializeJson(value, options, type)), IsLast: false);
}
