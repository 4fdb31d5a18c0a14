using ChannelsNet.Hosting;

namespace ChannelsNet;

/// <summary>
/// Produces once in every period, on the period's boundary: with a period of one second, on each full second of UTC. In a cluster
/// one process produces at a time; when it stops or dies another takes over within three seconds.
/// </summary>
/// <remarks>A period that could not be met on time (the process was held up, its lease was lost) is left out, never made up for.</remarks>
public abstract class PeriodicProducer : Producer
{
    /// <summary>The time from one production to the next; at least 10 milliseconds.</summary>
    protected abstract TimeSpan Period { get; }

    /// <summary>Whose turn it is in the cluster goes by this name. Default: the full name of the class.</summary>
    protected virtual string LeaseName => GetType().FullName!;

    /// <summary>Produces for one period. If it throws, the fault is logged and the next period comes.</summary>
    /// <param name="due">The boundary, in UTC, at which this period begins.</param>
    /// <param name="stopping">Is cancelled when the host stops.</param>
    protected abstract Task ProduceAsync(DateTimeOffset due, CancellationToken stopping);

    /// <inheritdoc/>
    protected internal sealed override async Task RunAsync(CancellationToken stopping)
    {
        var period = Period;
        if (period < TimeSpan.FromMilliseconds(10))
        {
            throw new InvalidOperationException($"{GetType()}.{nameof(Period)} is {period}; expected at least 10 milliseconds.");
        }

        await using var lease = Context.Leases.Open(LeaseName);
        for (var produced = long.MinValue; ;)
        {
            var turn = await NextTurnAsync(period, stopping).ConfigureAwait(false);
            if (turn == produced)
            {
                continue;
            }

            produced = turn;
            await ProduceAsync(turn, period, lease, stopping).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the next boundary; the number of the period that begins there.</summary>
    private async Task<long> NextTurnAsync(TimeSpan period, CancellationToken stopping)
    {
        while (true)
        {
            var turn = (Time.GetUtcNow().Ticks / period.Ticks) + 1;
            for (long early; (early = (turn * period.Ticks) - Time.GetUtcNow().Ticks) > 0;)
            {
                // Timers count whole milliseconds and may fire a little early.
                var wait = TimeSpan.FromMilliseconds(Math.Ceiling(TimeSpan.FromTicks(early).TotalMilliseconds));
                await Task.Delay(wait, Time, stopping).ConfigureAwait(false);
            }

            if (Time.GetUtcNow().Ticks / period.Ticks == turn)
            {
                return turn;
            }
        }
    }

    private async Task ProduceAsync(long turn, TimeSpan period, ILease lease, CancellationToken stopping)
    {
        try
        {
            // The answer may have taken its time, when Redis was away say: then this turn is over.
            if (await lease.TryClaimAsync(turn, stopping).ConfigureAwait(false) && Time.GetUtcNow().Ticks / period.Ticks == turn)
            {
                await ProduceAsync(new DateTimeOffset(turn * period.Ticks, TimeSpan.Zero), stopping).ConfigureAwait(false);
            }
        }
        catch (Exception fault) when (!stopping.IsCancellationRequested)
        {
            ProducerLog.PeriodFailed(Context.Logger, GetType(), fault);
        }
    }
}
