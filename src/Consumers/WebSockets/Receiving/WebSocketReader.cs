using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ChannelsNet.Running;

namespace ChannelsNet.WebSockets.Receiving;

/// <summary>Reads what a client sends, and puts its messages together.</summary>
/// <remarks>
/// <para>It is one message ahead of the application: while a handler works, the server answers pings and notices that the client closes or vanishes. Nothing
/// follows from the end of the connection until the application has come to it, so what a handler still sends goes out before the close.</para>
/// <para>Its states: idle; reading; reading while <see cref="StopAsync"/> waits for the end of that; stopped, when no read begins any more.</para>
/// </remarks>
[SuppressMessage("Reliability", "CA2012:Use ValueTasks correctly", Justification = "Each read ahead is awaited once, by the next call.")]
internal abstract class WebSocketReader(WebSocketConnection connection)
{
    private const int Idle = 0;
    private const int Reading = 1;
    private const int Stopping = 2;
    private const int Stopped = 3;

    private int _state;
    private TaskCompletionSource? _stopped;
    private ValueTask<ClientEvent> _ahead;

    /// <summary>Whether the server waits for the client. It does not while a message waits for the application.</summary>
    public bool IsReading => Volatile.Read(ref _state) is Reading or Stopping;

    protected WebSocketConnection Connection => connection;

    /// <summary>Begins to read, before the application asks for anything.</summary>
    public void Begin() => _ahead = ReadNextAsync();

    /// <summary>Returns the next message, or the end of the connection. One call at a time, none after the end.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ClientEvent> ReadAsync()
    {
        var next = await _ahead.ConfigureAwait(false);
        if (next is ClientEnd end)
        {
            return connection.OnEnd(end);
        }

        _ahead = ReadNextAsync();
        return next;
    }

    /// <summary>Reads until the client has closed, and drops what comes before.</summary>
    public async Task DiscardAsync()
    {
        await StopAsync().ConfigureAwait(false);
        if (!connection.HasEnded)
        {
            try
            {
                await DiscardRestAsync().ConfigureAwait(false);
            }
            catch (Exception exception) when (EndOfConnection.Is(exception))
            {
                // The client has left without a close.
            }
        }
    }

    /// <summary>Prevents further reads, and waits for the one that is under way. Called once.</summary>
    public async Task StopAsync()
    {
        _stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        while (Interlocked.CompareExchange(ref _state, Stopped, Idle) == Reading)
        {
            if (Interlocked.CompareExchange(ref _state, Stopping, Reading) == Reading)
            {
                await _stopped.Task.ConfigureAwait(false);
            }
        }

        Release();
    }

    /// <summary>Ends a read that the end of the request does not end.</summary>
    public virtual void Abort()
    {
    }

    /// <summary>Reads the next message; a <see cref="ClientEnd"/> if none comes any more.</summary>
    protected abstract ValueTask<ClientEvent> ReadNextAsync();

    /// <summary>Reads until the client has closed, without checks.</summary>
    protected abstract Task DiscardRestAsync();

    /// <summary>Gives back what is held for a message that is not whole.</summary>
    protected virtual void Release()
    {
    }

    /// <returns>False if no read may begin any more.</returns>
    protected bool TryBeginRead() => Interlocked.CompareExchange(ref _state, Reading, Idle) == Idle;

    protected void EndRead()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Reading) == Stopping)
        {
            Volatile.Write(ref _state, Stopped);
            _stopped!.SetResult();
        }
    }

    /// <summary>The end of the connection has been read.</summary>
    protected ClientEnd End(ClientEnd end)
    {
        connection.OnEndRead(end);
        return end;
    }
}
