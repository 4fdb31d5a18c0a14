namespace ChannelsNet.Workers;

/// <summary>A connection that is one message long, and on whose other side is nobody.</summary>
internal sealed class WorkerConnection(Message message) : IConnection
{
    private bool _received;

    public ValueTask<ClientEvent> ReceiveAsync()
    {
        if (_received)
        {
            throw new InvalidOperationException(
                $"A worker's connection has one event, a {nameof(WorkerReceive)}, and no further one. Derive the consumer from {nameof(WorkerConsumer)}.");
        }

        _received = true;
        return ValueTask.FromResult<ClientEvent>(new WorkerReceive(message));
    }

    public ValueTask SendAsync(ServerEvent serverEvent) => throw new InvalidOperationException(
        $"A worker has no client that a {serverEvent?.GetType().Name} could go to. Answer with a message to a channel or a group, "
        + $"from a consumer that is derived from {nameof(WorkerConsumer)}.");
}
