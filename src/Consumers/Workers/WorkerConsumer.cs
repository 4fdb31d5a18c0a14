using ChannelsNet.Hosting;
using ChannelsNet.Running;
using ChannelsNet.Workers;
using Microsoft.Extensions.Logging;

namespace ChannelsNet;

/// <summary>
/// Does the work of one message that a worker has taken from its channel: an object of its own for each message, in a service scope of its own, so that
/// a <c>DbContext</c> in its constructor is this message's. What it takes stands in its header. Run it with <c>AddWorker</c>.
/// </summary>
/// <remarks>
/// <para>If a handler throws, the fault is logged and counted, the message is gone, and the next one goes to a new object.</para>
/// <para>What it sends goes over its own <see cref="Consumer.Layer"/>, the default layer, also when its messages come from another
/// (<see cref="WorkerOptions.Layer"/>). It has no channel of its own and is in no group: who is to get an answer stands in the message.</para>
/// <para>When the host's time to stop is over <see cref="Scope.Aborted"/> is cancelled.</para>
/// </remarks>
/// <example>
/// <code>
/// public sealed class ThumbnailConsumer(Images images) : WorkerConsumer, IHandle&lt;Thumbnail&gt;
/// {
///     public async Task HandleAsync(Thumbnail message)
///     {
///         await images.ShrinkAsync(message.Path);
///         await SendAsync(message.ReplyTo, new ThumbnailMade(message.Path));
///     }
/// }
/// </code>
/// </example>
public abstract class WorkerConsumer : Consumer
{
    /// <summary>None: it lives for one message.</summary>
    protected internal sealed override IReadOnlyList<string> Groups => [];

    /// <inheritdoc/>
    protected internal sealed override async Task<bool> DispatchAsync(ClientEvent clientEvent)
    {
        var received = clientEvent as WorkerReceive ?? throw new InvalidOperationException(
            $"{GetType()} serves a worker's channel and got a {clientEvent?.GetType().Name}. Run it with .AddWorker<{GetType().Name}>(\"channel\"), "
            + $"or derive it from {nameof(WebSocketConsumer)}.");
        await DispatchTracedAsync(received.Message).ConfigureAwait(false);
        return false;
    }

    /// <inheritdoc/>
    protected internal sealed override Task FailAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    protected internal sealed override Task EndAsync() => Task.CompletedTask;

    /// <summary>One event and no channel: it takes no turns, and what it throws is the worker's to count.</summary>
    internal sealed override async Task RunAsync(Scope scope, IConnection connection, IChannelLayer layer, ConsumerServices services, ILogger logger)
    {
        Context = new ConsumerContext(scope, connection, layer, new NoChannel(GetType()), services);
        await DispatchAsync(await connection.ReceiveAsync().ConfigureAwait(false)).ConfigureAwait(false);
    }
}
