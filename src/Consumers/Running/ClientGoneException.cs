namespace ChannelsNet.Running;

/// <summary>Something is sent to a client that is gone. It ends the handler, which does not count as a failure.</summary>
internal sealed class ClientGoneException(CancellationToken aborted)
    : OperationCanceledException("The client is gone, so nothing can be sent to it. Scope.Aborted was canceled then, and a handler that serves it can end.", aborted);
