using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Messages;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Running;

/// <summary>
/// The life of one consumer, from its channel to its end: one event at a time, the client's and the layer's by turns.
/// </summary>
/// <remarks>
/// Nobody waits for a single connection: the client's next event and the arrival of messages both set one <see cref="TurnSignal"/>,
/// and the loop looks at both sources when it has its turn.
/// </remarks>
internal sealed class ConsumerRun(Consumer consumer, ILogger logger)
{
    private readonly TurnSignal _signal = new();

    public async Task RunAsync(Scope scope, IConnection connection, IChannelLayer layer, MessageTypes types)
    {
        await using var channel = await layer.NewChannelAsync(listener: _signal).ConfigureAwait(false);
        consumer.Context = new ConsumerContext(scope, connection, layer, channel, types);
        try
        {
            foreach (var group in consumer.Groups)
            {
                await layer.GroupAddAsync(group, channel.Name).ConfigureAwait(false);
            }

            await TakeTurnsAsync(connection, channel).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            RunningLog.ConsumerFailed(logger, consumer.GetType().Name, scope.Type, fault);
            await consumer.FailAsync().ConfigureAwait(false);
        }
        finally
        {
            // Its groups are left before its last words, so that it does not hear them itself.
            await channel.DisposeAsync().ConfigureAwait(false);
            await EndAsync(scope).ConfigureAwait(false);
        }
    }

    [SuppressMessage("Reliability", "CA2012:Use ValueTasks correctly", Justification = "Its awaiter is looked at in turns, and asked for the result once.")]
    private async Task TakeTurnsAsync(IConnection connection, IChannel channel)
    {
        Action wake = _signal.Set;
        var client = connection.ReceiveAsync().GetAwaiter();
        var waited = false;
        while (true)
        {
            var idle = true;
            if (client.IsCompleted)
            {
                idle = false;
                if (!await consumer.DispatchAsync(client.GetResult()).ConfigureAwait(false))
                {
                    return;
                }

                client = connection.ReceiveAsync().GetAwaiter();
                waited = false;
            }

            if (channel.TryRead(out var message))
            {
                idle = false;
                await consumer.DispatchAsync(message).ConfigureAwait(false);
            }

            if (idle)
            {
                if (!waited)
                {
                    waited = true;
                    client.UnsafeOnCompleted(wake);
                }

                await _signal.WaitAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task EndAsync(Scope scope)
    {
        try
        {
            await consumer.EndAsync().ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            RunningLog.EndFailed(logger, consumer.GetType().Name, scope.Type, fault);
        }
    }
}
