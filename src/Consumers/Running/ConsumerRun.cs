using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Hosting;
using ChannelsNet.Security;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Running;

/// <summary>
/// The life of one consumer, from its channel to its end: one event at a time, the client's and the layer's by turns.
/// </summary>
/// <remarks>
/// Nobody waits for a single connection: the client's next event and the arrival of messages both set one <see cref="TurnSignal"/>,
/// and the loop looks at both sources when it has its turn.
/// </remarks>
internal sealed class ConsumerRun(Consumer consumer, ConsumerServices services, ILogger logger)
{
    /// <summary>After so many events in a row a consumer lets others have their turn.</summary>
    private const int MostInOneTurn = 128;

    public async Task RunAsync(Scope scope, IConnection connection, IChannelLayer layer)
    {
        using var life = scope.Observer?.OnBegun();
        var signal = new TurnSignal(services.Turns, scope.Observer);
        await using var channel = await layer.NewChannelAsync(listener: signal).ConfigureAwait(false);
        var context = consumer.Context = new ConsumerContext(scope, connection, layer, channel, services);
        try
        {
            foreach (var group in consumer.Groups)
            {
                await context.GroupAddAsync(group).ConfigureAwait(false);
            }

            await TakeTurnsAsync(context, signal).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (scope.Aborted.IsCancellationRequested)
        {
            // The client has gone, and a handler that worked for it has stopped, as it should.
        }
        catch (Exception fault) when (fault is IRefusing refusing)
        {
            // It is the client that asked for too much, and it has been counted and logged already.
            await consumer.RefuseAsync(refusing.Refusal).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            RunningLog.ConsumerFailed(logger, consumer.GetType().Name, scope.Type, fault);
            scope.Observer?.OnFailed(fault);
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
    private async Task TakeTurnsAsync(ConsumerContext context, TurnSignal signal)
    {
        Action wake = signal.SetHere;
        var client = context.Connection.ReceiveAsync().GetAwaiter();
        var isWaitedFor = false;
        var events = 0;
        while (true)
        {
            var isIdle = true;
            if (client.IsCompleted)
            {
                isIdle = false;
                if (!await services.Meter.DispatchAsync(consumer, client.GetResult()).ConfigureAwait(false))
                {
                    return;
                }

                client = context.Connection.ReceiveAsync().GetAwaiter();
                isWaitedFor = false;
            }

            if (consumer.TakesMessages && context.Channel.TryRead(out var message))
            {
                isIdle = false;
                context.Handling = message;
                await services.Meter.DispatchAsync(consumer, message).ConfigureAwait(false);
                context.Handling = null;
            }

            if (isIdle)
            {
                if (!isWaitedFor)
                {
                    isWaitedFor = true;
                    client.UnsafeOnCompleted(wake);
                }

                events = 0;
                await signal.WaitAsync().ConfigureAwait(false);
            }
            else if (++events == MostInOneTurn)
            {
                events = 0;
                await signal.YieldAsync().ConfigureAwait(false);
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
            scope.Observer?.OnFailed(fault);
        }
    }
}
