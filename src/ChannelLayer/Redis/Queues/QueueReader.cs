using ChannelsNet.Background;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Redis.Queues;

/// <summary>
/// Reads from one server what this process is to get, with a blocking pop on a connection of its own: a message is here at once, and
/// an idle reader says one command in 5 seconds.
/// </summary>
internal sealed class QueueReader(
    string address, QueueHost host, RedisKey wake, Func<IReadOnlyCollection<RedisKey>> queues, Func<RedisKey, SortedSetEntry, ValueTask> deliver,
    Func<RedisKey, bool> isOwn, ILogger logger) : IAsyncDisposable
{
    private const int Seconds = 5;
    private const int Batch = 100;

    private static readonly TimeSpan _again = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _cutOff = new();
    private readonly Lock _starting = new();
    private Task? _reading;
    private volatile bool _stopping;

    public void Start()
    {
        if (Volatile.Read(ref _reading) is not null)
        {
            return;
        }

        lock (_starting)
        {
            _reading ??= BackgroundWork.Run($"Reading from Redis at {host.Connection.Name}", logger, ReadAsync);
        }
    }

    /// <summary>What is to be read has changed.</summary>
    public async Task WakeAsync()
    {
        try
        {
            await host.WakeAsync(wake).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            // Without a connection the reader is not asleep: it tries to read.
        }
    }

    /// <summary>Ends after the pop that is under way, so that nothing is lost; without an answer it is cut off.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_reading is null || _stopping)
        {
            return;
        }

        _stopping = true;
        try
        {
            await WakeAsync().ConfigureAwait(false);
        }
        catch (InvalidOperationException)
        {
            // On a Cluster it is never asleep: it could not read at all.
        }

        try
        {
            await _reading.WaitAsync(_again).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            await _cutOff.CancelAsync().ConfigureAwait(false);
            await _reading.ConfigureAwait(false);
        }

        _cutOff.Dispose();
    }

    /// <summary>The channels of the whole process are read by this loop: it goes on whatever is thrown.</summary>
    private async Task ReadAsync()
    {
        ConnectionMultiplexer? redis = null;
        for (var told = false; !_stopping;)
        {
            try
            {
                redis ??= await ConnectAsync().ConfigureAwait(false);
                await ReadOnceAsync(QueueHost.DatabaseOf(redis)).ConfigureAwait(false);
                told = false;
            }
            catch (Exception) when (_stopping)
            {
                break;
            }
            catch (Exception fault)
            {
                if (!told)
                {
                    told = true;
                    RedisLog.NotRead(logger, host.Connection.Name, fault.Message);
                }

                await Task.Delay(_again, _cutOff.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        if (redis is not null)
        {
            await redis.CloseAsync(allowCommandsToComplete: false).ConfigureAwait(false);
        }
    }

    private Task<ConnectionMultiplexer> ConnectAsync()
    {
        var options = RedisConnection.Options(address);
        options.ClientName += ".reader";
        options.AsyncTimeout = (Seconds + 10) * 1000;

        // No subscriptions, so no second connection for them.
        options.CommandMap = CommandMap.Create(["SUBSCRIBE"], available: false);
        return ConnectionMultiplexer.ConnectAsync(options);
    }

    private async Task ReadOnceAsync(IDatabase database)
    {
        object[] arguments = [.. queues(), wake, Seconds];
        var reply = await database.ExecuteAsync("BZPOPMIN", arguments).WaitAsync(_cutOff.Token).ConfigureAwait(false);
        if (reply.IsNull)
        {
            return;
        }

        RedisKey queue = (string)reply[0]!;
        if (queue == wake)
        {
            return;
        }

        await deliver(queue, new SortedSetEntry((RedisValue)reply[1], (double)reply[2])).ConfigureAwait(false);

        // Nobody else reads an own queue, so the rest of it is taken at once.
        for (var full = isOwn(queue); full;)
        {
            var more = await database.SortedSetPopAsync(queue, Batch).ConfigureAwait(false);
            foreach (var entry in more)
            {
                await deliver(queue, entry).ConfigureAwait(false);
            }

            full = more.Length == Batch;
        }
    }
}
