using ChannelsNet.Background;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Workers;

/// <summary>The work on one channel from the start of the host to its end: each message is a connection of its own to the application.</summary>
internal sealed class WorkerRun(
    Worker worker, WorkerOptions options, WorkerIntake intake, WorkerTally tally, IServiceProvider services, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>How long handlers that have been told that the time is over may take to say so.</summary>
    private static readonly TimeSpan _farewell = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _outOfTime = new();
    private readonly string _work = $"Worker of the channel {worker.Channel}";
    private Task _working = Task.CompletedTask;

    /// <summary>Begins to take messages, and takes no more when the host stops.</summary>
    public void Start(CancellationToken stopping)
    {
        var scope = new Scope { Type = Scope.Worker, Services = services, Channel = worker.Channel, Aborted = _outOfTime.Token };
        _working = Task.WhenAll([
            BackgroundWork.Run(_work, logger, () => intake.RunAsync(stopping)),
            .. Enumerable.Range(0, options.Concurrency).Select(_ => BackgroundWork.Run(_work, logger, () => HandleAllAsync(scope)))]);
        WorkerLog.Started(logger, worker.Channel, options.Layer, options.Concurrency);
    }

    /// <summary>Waits until all that was taken is handled. When there is no more time what was not begun is sent back, and what was is abandoned.</summary>
    public async Task EndAsync(CancellationToken outOfTime)
    {
        await _working.WaitAsync(outOfTime).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_working.IsCompleted)
        {
            return;
        }

        // At once, so that nothing more is begun; what the handlers' own registrations on the token throw is logged.
        var canceled = _outOfTime.CancelAsync();
        var cancelling = BackgroundWork.Run(_work, logger, () => canceled);
        await ReturnAsync().ConfigureAwait(false);
        await Task.WhenAll(cancelling, _working).WaitAsync(_farewell, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (tally.Abandon() is > 0 and var count)
        {
            WorkerLog.Abandoned(logger, worker.Channel, count);
        }
    }

    public void Dispose()
    {
        // A handler that has been abandoned may still use them.
        if (_working.IsCompleted)
        {
            intake.Dispose();
            _outOfTime.Dispose();
        }
    }

    private async Task ReturnAsync()
    {
        var (returned, lost, fault) = await intake.ReturnAsync().ConfigureAwait(false);
        tally.Add(WorkerOutcome.Returned, returned);
        tally.Add(WorkerOutcome.Lost, lost);
        if (returned > 0)
        {
            WorkerLog.Returned(logger, worker.Channel, returned);
        }

        if (fault is not null)
        {
            WorkerLog.Lost(logger, worker.Channel, lost, fault);
        }
    }

    private async Task HandleAllAsync(Scope scope)
    {
        while (!_outOfTime.IsCancellationRequested && await intake.NextAsync().ConfigureAwait(false) is { } message)
        {
            try
            {
                await HandleAsync(scope, message).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                // What a handler throws is counted already; this is a listener of metrics, say. The next message comes all the same.
                BackgroundWork.Report(_work, logger, exception);
            }

            intake.Done();
        }
    }

    private async Task HandleAsync(Scope scope, Message message)
    {
        tally.Begin();
        var begun = time.GetTimestamp();
        var outcome = WorkerOutcome.Handled;
        try
        {
            await worker.Application.RunAsync(scope, new WorkerConnection(message)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_outOfTime.IsCancellationRequested)
        {
            outcome = WorkerOutcome.Abandoned;
            WorkerLog.Abandoned(logger, worker.Channel, 1);
        }
        catch (Exception fault)
        {
            outcome = WorkerOutcome.Failed;
            WorkerLog.Failed(logger, worker.Channel, TypeOf(message), fault);
        }

        tally.End(outcome, time.GetElapsedTime(begun));
    }

    private static string TypeOf(Message message) => message is UntypedMessage untyped ? untyped.Type : message.GetType().Name;
}
