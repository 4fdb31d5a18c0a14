using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Clients;

/// <summary>Numbered messages to one chat room at a steady rate, from a process that is no web node.</summary>
internal sealed class Traffic : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;
    private int _sent;

    private Traffic(ServiceProvider services, string group, int perSecond)
    {
        _services = services;
        _run = Task.Run(() => RunAsync(group, TimeSpan.FromSeconds(1) / perSecond));
    }

    /// <summary>The number of the last message.</summary>
    public int Sent => Volatile.Read(ref _sent);

    /// <summary>How many messages the layer refused.</summary>
    public int Refused { get; private set; }

    public static Traffic Start(string redis, string prefix, string room, int perSecond, ChannelLayerBackend backend = ChannelLayerBackend.RedisPubSub)
    {
        var services = new ServiceCollection();
        services.AddChannelLayers(configure: options =>
        {
            options.Backend = backend;
            options.Hosts.Add(redis);
            options.Prefix = prefix;
        });
        return new Traffic(services.BuildServiceProvider(), $"chat_{room}", perSecond);
    }

    /// <summary>Ends it.</summary>
    /// <returns>The number of the last message.</returns>
    public async Task<int> StopAsync()
    {
        await _stop.CancelAsync();
        await _run;
        return Sent;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        await _services.DisposeAsync();
    }

    private async Task RunAsync(string group, TimeSpan period)
    {
        var layer = _services.GetRequiredService<IChannelLayer>();
        using var timer = new PeriodicTimer(period);
        do
        {
            var number = Sent + 1;
            try
            {
                await layer.GroupSendAsync(group, new UntypedMessage("chat.message", new Dictionary<string, object?> { ["text"] = $"{number}" }));
            }
            catch (ChannelLayerUnavailableException)
            {
                Refused++;
            }

            Volatile.Write(ref _sent, number);
        }
        while (await timer.WaitForNextTickAsync(_stop.Token).AsTask().ContinueWith(
            tick => tick.IsCompletedSuccessfully && tick.Result, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default));
    }
}
