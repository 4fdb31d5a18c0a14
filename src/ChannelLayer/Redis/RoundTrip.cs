using ChannelsNet.Background;

namespace ChannelsNet.Redis;

/// <summary>
/// How long the servers of a layer take to answer. Who looks gets what was measured since the look before, and causes the next measurement: so it costs
/// nothing while nobody looks, and keeps nobody waiting.
/// </summary>
internal sealed class RoundTrip(RedisHosts hosts)
{
    private readonly Lock _lock = new();
    private Task<TimeSpan?> _measured = Task.FromResult<TimeSpan?>(null);

    /// <summary>The time of the slowest server; null if it is not known: nobody has looked before, or no answer has come, or a server is away.</summary>
    public TimeSpan? Look()
    {
        lock (_lock)
        {
            if (!_measured.IsCompletedSuccessfully)
            {
                return null;
            }

            var last = _measured.Result;
            _measured = BackgroundWork.Run(MeasureAsync);
            return last;
        }
    }

    private async Task<TimeSpan?> MeasureAsync()
    {
        if (hosts.State != ChannelLayerState.Connected)
        {
            return null;
        }

        try
        {
            var pings = await Task.WhenAll(Enumerable.Range(0, hosts.Count).Select(PingAsync)).ConfigureAwait(false);
            return pings.Max();
        }
        catch (Exception)
        {
            // Whatever it was: who uses the layer is told of it, and there is no time to tell here.
            return null;
        }
    }

    private async Task<TimeSpan> PingAsync(int host)
    {
        var redis = await hosts[host].GetAsync().ConfigureAwait(false);
        return await redis.GetDatabase().PingAsync().ConfigureAwait(false);
    }
}
