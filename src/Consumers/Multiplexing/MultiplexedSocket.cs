using ChannelsNet.Background;
using ChannelsNet.Running;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Multiplexing;

/// <summary>One WebSocket with several streams: hands what the client sends to its stream, and ends all of them when it ends.</summary>
internal sealed class MultiplexedSocket(IConnection socket, StreamConnection[] streams, ILogger logger)
{
    private int _running = streams.Length;
    private volatile bool _hasEnded;

    public async Task RunAsync(Scope scope, IReadOnlyDictionary<string, IApplication> applications)
    {
        // Each begins on a thread of its own, so that one whose handler blocks at the connect keeps no other waiting.
        var running = streams.Select(stream => Task.Run(() => RunAsync(scope, stream, applications[stream.Name]))).ToArray();
        var end = new WebSocketDisconnect(CloseCodes.Broken);
        try
        {
            end = await ReceiveAsync(scope.Aborted).ConfigureAwait(false);
        }
        finally
        {
            _hasEnded = true;
            foreach (var stream in streams)
            {
                stream.End(end);
            }

            await Task.WhenAll(running).ConfigureAwait(false);
        }
    }

    private async Task<WebSocketDisconnect> ReceiveAsync(CancellationToken aborted)
    {
        for (var isUnderstood = true; ;)
        {
            switch (await socket.ReceiveAsync().ConfigureAwait(false))
            {
                case WebSocketDisconnect end:
                    return end;
                case WebSocketReceive received when isUnderstood:
                    isUnderstood = await PassAsync(received, aborted).ConfigureAwait(false);
                    break;
            }
        }
    }

    /// <summary>Gives a message to its stream, and waits until that has a place for it.</summary>
    /// <returns>False if it is no envelope: the WebSocket is closed.</returns>
    private async ValueTask<bool> PassAsync(WebSocketReceive received, CancellationToken aborted)
    {
        if (received.Text is not { } text || !Envelope.TryRead(text, out var name, out var payload))
        {
            await socket.SendAsync(new WebSocketClose(1003, Envelope.Expected)).ConfigureAwait(false);
            return false;
        }

        if (Array.Find(streams, stream => stream.Name == name) is { } stream)
        {
            try
            {
                await stream.AddAsync(new WebSocketReceive(payload), aborted).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // The client is gone, and its end must not wait for a stream that is behind.
            }
        }
        else
        {
            await socket.SendAsync(Envelope.Close(name, CloseCodes.UnsupportedData, "There is no such stream.")).ConfigureAwait(false);
        }

        return true;
    }

    private async Task RunAsync(Scope scope, StreamConnection stream, IApplication application)
    {
        try
        {
            stream.Begin();
            await application.RunAsync(scope with { Stream = stream.Name, Subprotocols = [] }, stream).ConfigureAwait(false);
            await stream.SendAsync(new WebSocketClose()).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (exception is ClientGoneException || scope.Aborted.IsCancellationRequested)
        {
            // It has stopped because the client is gone.
            await stream.SendAsync(new WebSocketClose()).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            MultiplexingLog.StreamFailed(SafeLogger.Of(logger), stream.Name, fault);
            await stream.SendAsync(new WebSocketClose(1011, "The server has failed.")).ConfigureAwait(false);
        }

        if (Interlocked.Decrement(ref _running) == 0 && !_hasEnded)
        {
            await socket.SendAsync(new WebSocketClose(1000, "Every stream has ended.")).ConfigureAwait(false);
        }
    }
}
