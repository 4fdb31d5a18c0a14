using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Redis;

public sealed class RedisLeaseTests(RedisFixture redis) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    private readonly string _prefix = $"lease-{Guid.NewGuid():N}";
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(20));
    private readonly List<ServiceProvider> _processes = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _patience.Dispose();
    }

    [Fact]
    public async Task One_process_holds_a_lease_and_the_next_gets_it_when_it_is_given_up()
    {
        await using var first = NewProcess().Open("clock");
        await WhenHeldAsync(first);
        await using var second = NewProcess().Open("clock");
        Assert.True(await first.TryClaimAsync(1));
        Assert.False(await second.TryClaimAsync(2));
        await first.DisposeAsync();
        Assert.False(first.IsHeld);
        await WhenHeldAsync(second);
        Assert.True(await second.TryClaimAsync(2));
    }

    [Fact]
    public async Task A_turn_is_had_once_by_whoever_holds_the_lease()
    {
        await using var first = NewProcess().Open("clock");
        await WhenHeldAsync(first);
        Assert.True(await first.TryClaimAsync(7));
        await first.DisposeAsync();
        await using var second = NewProcess().Open("clock");
        await WhenHeldAsync(second);
        Assert.False(await second.TryClaimAsync(7));
        Assert.True(await second.TryClaimAsync(8));
    }

    [Fact]
    public async Task A_lease_is_renewed_for_as_long_as_it_is_wanted()
    {
        await using var first = NewProcess().Open("clock");
        await WhenHeldAsync(first);
        await using var second = NewProcess().Open("clock");

        // Longer than a lease lives without being renewed.
        await using var observer = await StackExchange.Redis.ConnectionMultiplexer.ConnectAsync(redis.Address);
        var seen = new HashSet<TimeSpan?>();
        while (seen.Count < 200)
        {
            seen.Add(await observer.GetDatabase().KeyTimeToLiveAsync($"{_prefix}:lease:clock"));
            Assert.False(second.IsHeld);
            _patience.Token.ThrowIfCancellationRequested();
        }

        Assert.True(first.IsHeld);
        Assert.DoesNotContain(null, seen);
    }

    private ILeases NewProcess()
    {
        var services = new ServiceCollection();
        services.AddChannelLayers(configure: options =>
        {
            options.Backend = ChannelLayerBackend.RedisPubSub;
            options.Hosts.Add(redis.Address);
            options.Prefix = _prefix;
        });
        _processes.Add(services.BuildServiceProvider());
        return _processes[^1].GetRequiredService<ILeases>();
    }

    private async Task WhenHeldAsync(ILease lease)
    {
        while (!lease.IsHeld)
        {
            await Task.Delay(10, _patience.Token);
        }
    }
}
