using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.WebSockets;

/// <summary>One WebSocket on the server, over ASP.NET Core's own implementation of the protocol.</summary>
internal sealed class WebSocketConnection(HttpContext context, WebSocketConnectionOptions options, TimeProvider time, ILogger logger)
    : IConnection, IDisposable
{
    private const int MinimumBuffer = 4096;

    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly TaskCompletionSource _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
    private WebSocket? _socket;
    private bool _asked;
    private bool _refused;
    private int _closedWith;

    /// <summary>Whether the client has had an answer to its request.</summary>
    public bool IsDecided => _decided.Task.IsCompleted;

    public async ValueTask<ClientEvent> ReceiveAsync()
    {
        if (!_asked)
        {
            _asked = true;
            return new WebSocketConnect();
        }

        if (!IsDecided)
        {
            await WaitForDecisionAsync().ConfigureAwait(false);
        }

        return _socket is { } socket ? await ReceiveAsync(socket).ConfigureAwait(false) : new WebSocketDisconnect(1006);
    }

    public async ValueTask SendAsync(ServerEvent serverEvent)
    {
        await _sending.WaitAsync().ConfigureAwait(false);
        try
        {
            await (serverEvent switch
            {
                WebSocketSend send => SendAsync(send),
                WebSocketAccept accept => AcceptAsync(accept),
                WebSocketClose close => CloseAsync(close),
                _ => throw new InvalidOperationException($"A WebSocket can't do a {serverEvent.GetType().Name}."),
            }).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsEndOfConnection(fault))
        {
            // The client is gone; the receiving side tells the application so.
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The application is done: closes what is still open, and waits a while for the client's answer.</summary>
    public async Task FinishAsync()
    {
        await SendAsync(new WebSocketClose()).ConfigureAwait(false);
        while (_socket is { State: WebSocketState.CloseSent } && await ReceiveAsync().ConfigureAwait(false) is not WebSocketDisconnect)
        {
        }
    }

    /// <summary>The server stops: closes with 1012, so that the client connects to another one or again.</summary>
    public void Restart() => _ = SendAsync(new WebSocketClose(1012, "The server restarts.")).AsTask();

    public void Dispose()
    {
        _socket?.Dispose();
        _gone.Dispose();
        _sending.Dispose();
    }

    private async Task WaitForDecisionAsync()
    {
        try
        {
            await _decided.Task.WaitAsync(options.AcceptTimeout, time, _gone.Token).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            WebSocketLog.NotAccepted(logger, context.Request.Path, options.AcceptTimeout.TotalSeconds);
            await SendAsync(new WebSocketClose()).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _refused = true;
            _decided.TrySetResult();
        }
    }

    private async Task AcceptAsync(WebSocketAccept accept)
    {
        if (_refused)
        {
            return;
        }

        if (_socket is not null)
        {
            throw new InvalidOperationException("The WebSocket has been accepted already.");
        }

        foreach (var (name, value) in accept.Headers ?? new HeaderDictionary())
        {
            context.Response.Headers[name] = value;
        }

        _socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = accept.Subprotocol,
            KeepAliveInterval = options.PingInterval,
            KeepAliveTimeout = options.PingTimeout,
        }).ConfigureAwait(false);
        _decided.TrySetResult();
    }

    private Task SendAsync(WebSocketSend send) => _socket switch
    {
        { State: WebSocketState.Open } socket => socket.SendAsync(
            send.Payload, send.IsText ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endOfMessage: true, _gone.Token).AsTask(),
        null when !_refused => throw new InvalidOperationException(
            "The WebSocket is not accepted yet, so nothing can be sent. Call AcceptAsync first."),
        _ => Task.CompletedTask,
    };

    private async Task CloseAsync(WebSocketClose close)
    {
        if (_socket is null)
        {
            if (!IsDecided)
            {
                _refused = true;
                context.Response.StatusCode = RefusalStatus(close.Code);
                _decided.TrySetResult();
            }
        }
        else if (_closedWith == 0)
        {
            RequireCode(close.Code);
            _closedWith = close.Code;
            _gone.CancelAfter(options.CloseTimeout);
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await _socket.CloseOutputAsync((WebSocketCloseStatus)close.Code, Shorten(close.Reason), _gone.Token).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<ClientEvent> ReceiveAsync(WebSocket socket)
    {
        try
        {
            // An idle connection holds no buffer: this ends when there is something to read.
            var first = await socket.ReceiveAsync(Memory<byte>.Empty, _gone.Token).ConfigureAwait(false);
            return first.MessageType == WebSocketMessageType.Close
                ? await CloseReceivedAsync(socket).ConfigureAwait(false)
                : await ReceiveMessageAsync(socket, first).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsEndOfConnection(fault))
        {
            socket.Abort();
            return new WebSocketDisconnect(_closedWith > 0 ? _closedWith : 1006);
        }
    }

    private async ValueTask<ClientEvent> ReceiveMessageAsync(WebSocket socket, ValueWebSocketReceiveResult part)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MinimumBuffer);
        var length = 0;
        try
        {
            while (!part.EndOfMessage)
            {
                if (length == buffer.Length)
                {
                    buffer = Grow(buffer);
                }

                part = await socket.ReceiveAsync(buffer.AsMemory(length), _gone.Token).ConfigureAwait(false);
                length += part.Count;
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return await CloseReceivedAsync(socket).ConfigureAwait(false);
                }

                if (length > options.MaxMessageSize)
                {
                    WebSocketLog.TooLarge(logger, context.Request.Path, options.MaxMessageSize);
                    await SendAsync(new WebSocketClose(1009, $"A message may have {options.MaxMessageSize} bytes.")).ConfigureAwait(false);
                    return new WebSocketDisconnect(1009);
                }
            }

            return part.MessageType == WebSocketMessageType.Text
                ? new WebSocketReceive(Encoding.UTF8.GetString(buffer, 0, length))
                : new WebSocketReceive(buffer.AsSpan(0, length).ToArray());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<ClientEvent> CloseReceivedAsync(WebSocket socket)
    {
        if (_closedWith > 0)
        {
            return new WebSocketDisconnect(_closedWith);
        }

        // A close without a code comes out of the framework's WebSocket as 1000.
        var code = (int)(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure);
        await SendAsync(new WebSocketClose(IsSendable(code) ? code : 1000)).ConfigureAwait(false);
        return new WebSocketDisconnect(code, socket.CloseStatusDescription ?? "");
    }

    /// <summary>Before the handshake is answered the client can be told by an HTTP status only.</summary>
    private static int RefusalStatus(int code) => code switch
    {
        1011 => StatusCodes.Status500InternalServerError,
        1012 or 1013 => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status403Forbidden,
    };

    private static byte[] Grow(byte[] buffer)
    {
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private static bool IsSendable(int code) => code is 1000 or 1001 or 1002 or 1003 or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);

    private static void RequireCode(int code)
    {
        if (!IsSendable(code))
        {
            throw new ArgumentOutOfRangeException(nameof(code), code,
                $"{code} is no close code that a server can send. Expected 1000, 1001, 1003, 1007 to 1014, or 3000 to 4999.");
        }
    }

    /// <summary>A close frame has room for 123 bytes of reason; cut between characters.</summary>
    private static string Shorten(string reason)
    {
        while (Encoding.UTF8.GetByteCount(reason) > 123)
        {
            reason = reason[..^(char.IsLowSurrogate(reason[^1]) ? 2 : 1)];
        }

        return reason;
    }

    private static bool IsEndOfConnection(Exception fault) =>
        fault is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException;
}
