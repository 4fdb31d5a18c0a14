using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ChannelsNet.Background;
using ChannelsNet.Hosting;
using ChannelsNet.Security;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Running;

/// <summary>
/// The life of one consumer, from its channel to its end: one event at a time, those of the client and those of the layer by turns.
/// </summary>
/// <remarks>
/// Nothing waits for a single connection: the next event of the client and the arrival of messages both set one <see cref="WakeSignal"/>, and the loop looks at
/// both sources when it runs.
/// </remarks>
internal sealed class ConsumerRun(Consumer consumer, ConsumerServices services, ILogger logger)
{
    /// <summary>After this many events in a row a consumer lets others run.</summary>
    private const int MaxEventsPerSlice = 128;

    /// <summary>The next event of the client, if it has been asked for.</summary>
    private ValueTaskAwaiter<ClientEvent> _client;
    private bool _isAskedFor;
    private bool _isWaitedFor;
    private Action? _wake;

    public async Task RunAsync(Scope scope, IConnection connection, IChannelLayer layer)
    {
        using var life = scope.Observer?.OnBegun();
        var signal = new WakeSignal(services.Dispatcher, scope.Observer);
        await using var channel = await layer.NewChannelAsync(listener: signal).ConfigureAwait(false);
        var context = consumer.Context = new ConsumerContext(scope, connection, layer, channel, services);
        try
        {
            foreach (var group in consumer.Groups)
            {
                await context.GroupAddAsync(group).ConfigureAwait(false);
            }

            await DispatchAllAsync(context, signal).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (exception is ClientGoneException || scope.Aborted.IsCancellationRequested)
        {
            // The client is gone, and a handler that worked for it has stopped, as it should.
            if (exception is ClientGoneException && consumer.HasCode)
            {
                await TakeEndAsync(connection, signal).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is IRefusing refusing)
        {
            // The client has asked for too much, which has been counted and logged already.
            await consumer.RefuseAsync(refusing.Refusal).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            RunningLog.ConsumerFailed(SafeLogger.Of(logger), consumer.GetType().Name, scope.Type, exception);
            scope.Observer?.OnFailed(exception);
            await consumer.FailAsync().ConfigureAwait(false);
        }
        finally
        {
            // It leaves its groups first, so that it does not receive what it sends at the end.
            await channel.DisposeAsync().ConfigureAwait(false);
            await EndAsync(context).ConfigureAwait(false);
        }
    }

    private async Task DispatchAllAsync(ConsumerContext context, WakeSignal signal)
    {
        var events = 0;
        while (true)
        {
            var isIdle = true;
            if (TryReceive(context.Connection, out var clientEvent))
            {
                isIdle = false;
                while (clientEvent is HttpTimeout && consumer.TakesMessages && context.Channel.TryRead(out var waiting))
                {
                    // A message that is there already goes before the end of the wait for one.
                    await DispatchAsync(context, waiting).ConfigureAwait(false);
                }

                if (!await services.Meter.DispatchAsync(consumer, clientEvent).ConfigureAwait(false))
                {
                    return;
                }
            }

            if (consumer.TakesMessages && context.Channel.TryRead(out var message))
            {
                isIdle = false;
                await DispatchAsync(context, message).ConfigureAwait(false);
            }

            if (isIdle)
            {
                events = 0;
                await WaitAsync(signal).ConfigureAwait(false);
            }
            else if (++events == MaxEventsPerSlice)
            {
                events = 0;
                await signal.YieldAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task DispatchAsync(ConsumerContext context, Message message)
    {
        context.Handling = message;
        await services.Meter.DispatchAsync(consumer, message).ConfigureAwait(false);
        context.Handling = null;
    }

    /// <summary>A handler has ended because the client is gone: gives the consumer the event that says with what code.</summary>
    private async Task TakeEndAsync(IConnection connection, WakeSignal signal)
    {
        while (true)
        {
            if (!TryReceive(connection, out var clientEvent))
            {
                await WaitAsync(signal).ConfigureAwait(false);
            }
            else if (clientEvent is WebSocketDisconnect)
            {
                await consumer.DispatchAsync(clientEvent).ConfigureAwait(false);
                return;
            }
        }
    }

    [SuppressMessage("Reliability", "CA2012:Use ValueTasks correctly", Justification = "The awaiter is polled, and asked for the result once.")]
    private bool TryReceive(IConnection connection, [NotNullWhen(true)] out ClientEvent? clientEvent)
    {
        if (!_isAskedFor)
        {
            (_isAskedFor, _isWaitedFor) = (true, false);
            _client = connection.ReceiveAsync().GetAwaiter();
        }

        clientEvent = null;
        if (_client.IsCompleted)
        {
            _isAskedFor = false;
            clientEvent = _client.GetResult();
        }

        return clientEvent is not null;
    }

    private ValueTask WaitAsync(WakeSignal signal)
    {
        if (!_isWaitedFor)
        {
            _isWaitedFor = true;
            _client.UnsafeOnCompleted(_wake ??= signal.SetHere);
        }

        return signal.WaitAsync();
    }

    private async Task EndAsync(ConsumerContext context)
    {
        context.Phase = ConsumerPhase.Ending;
        try
        {
            await consumer.EndAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            RunningLog.EndFailed(SafeLogger.Of(logger), consumer.GetType().Name, context.Scope.Type, exception);
            context.Scope.Observer?.OnFailed(exception);
        }

        context.Phase = ConsumerPhase.Ended;
    }
}
