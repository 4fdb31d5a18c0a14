using ChannelsNet.Background;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Redis.Leases;

/// <summary>
/// One lease. Its key lives for <see cref="_duration"/> unless renewed; everybody asks every <see cref="_interval"/>. So a holder may
/// miss two renewals, and after its death another holds the lease within 1.6 seconds.
/// </summary>
internal sealed class RedisLease(string name, RedisConnection connection, RedisNames names, TimeProvider time, ILogger logger) : ILease
{
    private static readonly TimeSpan _duration = TimeSpan.FromSeconds(1.2);
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(0.4);

    /// <summary>How long a turn stays claimed: longer than any two processes' clocks differ.</summary>
    private static readonly TimeSpan _turnExpiry = TimeSpan.FromMinutes(1);

    private readonly string _token = $"{Environment.MachineName}:{Environment.ProcessId}:{Guid.NewGuid():N}";
    private readonly CancellationTokenSource _closing = new();
    private Task _renewing = Task.CompletedTask;
    private long _heldUntil = time.GetTimestamp();
    private bool _held;
    private bool _unanswered;

    public bool IsHeld => time.GetTimestamp() < Volatile.Read(ref _heldUntil);

    public void Start() => _renewing = BackgroundWork.Run($"Renewal of the lease {name}", logger, RenewAsync);

    public async ValueTask<bool> TryClaimAsync(long turn, CancellationToken cancellationToken = default)
    {
        if (!IsHeld)
        {
            return false;
        }

        var redis = await connection.GetAsync().ConfigureAwait(false);
        return await redis.GetDatabase().LockTakeAsync(names.LeaseTurn(name, turn), _token, _turnExpiry)
            .WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_closing.IsCancellationRequested)
        {
            await _closing.CancelAsync().ConfigureAwait(false);
            await _renewing.ConfigureAwait(false);
            _closing.Dispose();
        }
    }

    private async Task RenewAsync()
    {
        using var timer = new PeriodicTimer(_interval, time);
        try
        {
            do
            {
                await AskAsync().ConfigureAwait(false);
            }
            while (await timer.WaitForNextTickAsync(_closing.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            await GiveUpAsync().ConfigureAwait(false);
        }
    }

    private async Task AskAsync()
    {
        // Measured from before the question: Redis starts to count later, so the holder stops believing first.
        var until = time.GetTimestamp() + (long)(_duration.TotalSeconds * time.TimestampFrequency);
        try
        {
            var redis = await connection.GetAsync().ConfigureAwait(false);
            var database = redis.GetDatabase();
            var key = names.Lease(name);
            var held = await database.LockExtendAsync(key, _token, _duration).WaitAsync(_closing.Token).ConfigureAwait(false)
                || await database.LockTakeAsync(key, _token, _duration).WaitAsync(_closing.Token).ConfigureAwait(false);
            if (held)
            {
                Volatile.Write(ref _heldUntil, until);
            }

            _unanswered = false;
            Note(held);
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !_closing.IsCancellationRequested)
        {
            // Once an outage, not once a question.
            if (!_unanswered)
            {
                _unanswered = true;
                RedisLog.LeaseUnknown(logger, name, fault.Message);
            }
        }
    }

    private async Task GiveUpAsync()
    {
        Volatile.Write(ref _heldUntil, time.GetTimestamp());
        try
        {
            // Does nothing if somebody else holds it. Without an answer the key ends by itself.
            var redis = await connection.GetAsync().ConfigureAwait(false);
            await redis.GetDatabase().LockReleaseAsync(names.Lease(name), _token).WaitAsync(_duration, time).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            RedisLog.LeaseUnknown(logger, name, fault.Message);
        }

        Note(held: false);
    }

    private void Note(bool held)
    {
        if (held != _held)
        {
            _held = held;
            if (held)
            {
                RedisLog.LeaseTaken(logger, name, _token);
            }
            else
            {
                RedisLog.LeaseLost(logger, name, _token);
            }
        }
    }
}
