namespace ChannelsNet.WebSockets.Receiving;

/// <summary>Reads what a client sends, and puts its messages together. One read at a time.</summary>
internal abstract class WebSocketReader
{
    private const int Idle = 0;
    private const int Reading = 1;
    private const int AwaitedByEnd = 2;

    private int _state;
    private TaskCompletionSource? _idle;

    /// <summary>Whether the client would be heard now. While its message is handled it is not.</summary>
    public bool IsReading => Volatile.Read(ref _state) != Idle;

    /// <summary>The next message, or the end of the connection.</summary>
    public abstract ValueTask<ClientEvent> ReadAsync();

    /// <summary>Reads until the client has closed, and throws away what comes before. After the last <see cref="ReadAsync"/>, whose result nobody needs to have.</summary>
    public async Task DiscardAsync(WebSocketConnection connection)
    {
        var idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _idle = idle;
        if (Interlocked.CompareExchange(ref _state, AwaitedByEnd, Reading) == Reading)
        {
            await idle.Task.ConfigureAwait(false);
        }

        if (!connection.HasEnded)
        {
            await DiscardRestAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Reads until the client has closed, however it does, without any check.</summary>
    protected abstract Task DiscardRestAsync();

    protected void BeginRead() => Volatile.Write(ref _state, Reading);

    protected void EndRead()
    {
        if (Interlocked.Exchange(ref _state, Idle) == AwaitedByEnd)
        {
            _idle!.SetResult();
        }
    }
}
