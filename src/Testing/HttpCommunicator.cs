using System.Buffers;
using System.Text;
using ChannelsNet.Runs;
using ChannelsNet.Servers;

namespace ChannelsNet;

/// <summary>
/// An HTTP client of an application in the same process, for one request. Make one with <see cref="TestChannels.Http"/>. Either take the response whole, with
/// <see cref="GetResponseAsync"/>, or its beginning and its parts as they come, as a client of server-sent events or of a long poll does.
/// </summary>
/// <param name="application">A consumer, a router or middleware.</param>
/// <param name="scope">What it is told of the request; of the type <see cref="Scope.Http"/>.</param>
/// <param name="body">The body of the request, which is sent with the first call. Default: empty. With <see cref="SendBodyAsync"/> it comes in parts instead.</param>
public sealed class HttpCommunicator(IApplication application, Scope scope, ReadOnlyMemory<byte> body = default) : Communicator(application, scope, Scope.Http)
{
    private bool _hasBegunBody;
    private bool _hasSentBody;
    private HttpResponseStart? _start;
    private bool _isComplete;
    private bool _hasLeft;

    /// <summary>Sends a part of the request's body, instead of the body that was given to the constructor.</summary>
    /// <param name="part">The bytes; they are copied.</param>
    /// <param name="isLast">Whether the body ends with it.</param>
    /// <exception cref="InvalidOperationException">The body has been sent whole.</exception>
    public Task SendBodyAsync(ReadOnlyMemory<byte> part, bool isLast = false)
    {
        if (_hasSentBody)
        {
            throw new InvalidOperationException("The body of the request has been sent whole. Send its parts before the response is asked for, the last with isLast.");
        }

        (_hasBegunBody, _hasSentBody) = (true, isLast);
        var server = Run.Server;
        Raise();
        server.Receive(new HttpRequestBody(part.ToArray(), isLast));
        return Task.CompletedTask;
    }

    /// <summary>The whole response.</summary>
    /// <exception cref="UnexpectedEventException">The response was broken off.</exception>
    /// <exception cref="TimeoutException">There was no response, or no next part of it; the time counts for each of them.</exception>
    public async Task<HttpAnswer> GetResponseAsync()
    {
        var start = await ReceiveStartAsync().ConfigureAwait(false);
        var bytes = new ArrayBufferWriter<byte>();
        while (await ReceivePartAsync().ConfigureAwait(false) is { } part)
        {
            bytes.Write(part.Span);
        }

        return new HttpAnswer(start, bytes.WrittenMemory, Scope);
    }

    /// <summary>The beginning of the response: its status and headers. Waits for no part of its body.</summary>
    /// <exception cref="TimeoutException">There was no response.</exception>
    public async Task<HttpResponseStart> ReceiveStartAsync()
    {
        if (_start is not null || _hasLeft)
        {
            throw new InvalidOperationException(_hasLeft
                ? "The client has left, so no response can be received."
                : "The beginning of the response has been received already. Receive its parts, or make another communicator for the next request.");
        }

        SendWholeBody();
        var next = await TakeAsync("a response").ConfigureAwait(false);
        return _start = next as HttpResponseStart ?? throw new UnexpectedEventException("a response", EventText.Of(next));
    }

    /// <summary>
    /// The next part of the response's body, as the application has sent it; null if there is none left. Empty parts are passed over.
    /// </summary>
    /// <exception cref="UnexpectedEventException">The response was broken off.</exception>
    /// <exception cref="TimeoutException">Nothing came.</exception>
    public async Task<ReadOnlyMemory<byte>?> ReceivePartAsync()
    {
        if (_start is null || _hasLeft)
        {
            throw new InvalidOperationException(_hasLeft
                ? "The client has left, so nothing can be received."
                : "The beginning of the response was not received yet. Call ReceiveStartAsync first.");
        }

        while (!_isComplete)
        {
            var next = await TakeAsync("a part of the response").ConfigureAwait(false);
            if (next is not HttpResponseBody part)
            {
                throw new UnexpectedEventException("a part of the response", EventText.Of(next));
            }

            _isComplete = part.IsLast;
            if (part.Bytes.Length > 0)
            {
                return part.Bytes;
            }
        }

        return null;
    }

    /// <summary>The next part of the response's body as UTF-8, such as an event of server-sent events; null if there is none left.</summary>
    /// <exception cref="UnexpectedEventException">The response was broken off.</exception>
    /// <exception cref="TimeoutException">Nothing came.</exception>
    public async Task<string?> ReceiveTextAsync() =>
        await ReceivePartAsync().ConfigureAwait(false) is { } part ? Encoding.UTF8.GetString(part.Span) : null;

    /// <summary>Lets the client leave, whatever there is of the response, and waits until the application has ended.</summary>
    /// <exception cref="TimeoutException">The application goes on.</exception>
    public async Task DisconnectAsync()
    {
        SendWholeBody();
        _hasLeft = true;
        Run.Server.Leave();
        await Run.AbortAsync().ConfigureAwait(false);
        await WaitAsync().ConfigureAwait(false);
    }

    private protected override ServerSide Serve(Input input, Output output) => new HttpServer(input, output);

    private void SendWholeBody()
    {
        if (!_hasBegunBody)
        {
            (_hasBegunBody, _hasSentBody) = (true, true);
            Run.Server.Receive(new HttpRequestBody(body));
        }
    }
}
