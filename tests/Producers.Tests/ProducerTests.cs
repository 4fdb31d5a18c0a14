using System.Diagnostics;
using ChannelsNet.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ChannelsNet;

public sealed class ProducerTests : IAsyncDisposable
{
    private static readonly AsyncLocal<string?> _user = new();

    private readonly SteppedTimeProvider _time = new(new DateTimeOffset(2026, 11, 22, 10, 0, 0, 300, TimeSpan.Zero));
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(10));
    private readonly StubLeases _leases = new();
    private IHost? _host;

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync();
            _host.Dispose();
        }

        _patience.Dispose();
    }

    [Fact]
    public async Task The_time_producer_ticks_on_each_full_second()
    {
        await using var clock = await StartAsync<TimeProducer>("clock");
        await StepAsync(TimeSpan.FromSeconds(0.7));
        Assert.Equal(new Tick("10:00:01"), await clock.ReadAsync(_patience.Token));
        await StepAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(new Tick("10:00:02"), await clock.ReadAsync(_patience.Token));
        await StepAsync(TimeSpan.FromSeconds(0.999));
        await StepAsync(TimeSpan.FromSeconds(0.001), waited: false);
        Assert.Equal(new Tick("10:00:03"), await clock.ReadAsync(_patience.Token));
        Assert.False(clock.TryRead(out _));
    }

    [Fact]
    public async Task The_time_is_told_in_the_time_zone_of_the_producer()
    {
        _time.SetLocalTimeZone(TimeZoneInfo.CreateCustomTimeZone("there", TimeSpan.FromHours(5.5), "there", "there"));
        await using var clock = await StartAsync<TimeProducer>("clock");
        await StepAsync(TimeSpan.FromSeconds(0.7));
        Assert.Equal(new Tick("15:30:01"), await clock.ReadAsync(_patience.Token));
    }

    [Fact]
    public async Task A_late_tick_is_left_out_and_the_next_comes_on_its_second()
    {
        await using var clock = await StartAsync<TimeProducer>("clock");
        await StepAsync(TimeSpan.FromSeconds(3.9));
        await StepAsync(TimeSpan.FromSeconds(0.8));
        Assert.Equal(new Tick("10:00:05"), await clock.ReadAsync(_patience.Token));
        Assert.False(clock.TryRead(out _));
    }

    [Fact]
    public async Task A_process_without_the_lease_produces_nothing()
    {
        await using var clock = await StartAsync<TimeProducer>("clock");
        _leases.Grant = false;
        await StepAsync(TimeSpan.FromSeconds(0.7));
        await _time.WhenWaitedOnAsync();
        _leases.Grant = true;
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(new Tick("10:00:02"), await clock.ReadAsync(_patience.Token));
        Assert.Equal(["ChannelsNet.TimeProducer"], _leases.Names);
        var first = new DateTimeOffset(2026, 11, 22, 10, 0, 1, TimeSpan.Zero).Ticks / TimeSpan.TicksPerSecond;
        Assert.Equal([first, first + 1], _leases.Turns);
    }

    [Fact]
    public async Task A_claim_that_is_answered_late_produces_nothing()
    {
        await using var clock = await StartAsync<TimeProducer>("clock");
        _leases.WhileClaimed = () => _time.Advance(TimeSpan.FromSeconds(1.5));
        await StepAsync(TimeSpan.FromSeconds(0.7));
        await _time.WhenWaitedOnAsync();
        _leases.WhileClaimed = () => { };
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal(new Tick("10:00:03"), await clock.ReadAsync(_patience.Token));
    }

    [Fact]
    public async Task A_period_that_fails_does_not_end_the_producer()
    {
        await using var channel = await StartAsync<FailsAtFirst>("room");
        await StepAsync(TimeSpan.FromSeconds(0.7));
        await StepAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(new Tick("survived"), await channel.ReadAsync(_patience.Token));
    }

    [Fact]
    public async Task A_producer_that_fails_is_run_again()
    {
        await using var channel = await StartAsync<DiesAtFirst>("room");
        await StepAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(new Tick("run again"), await channel.ReadAsync(_patience.Token));
    }

    [Fact]
    public async Task A_log_provider_that_throws_does_not_end_a_producer_that_fails()
    {
        var log = new ThrowingLog(LogLevel.Error);
        await using var channel = await StartAsync<FailsAtFirst>("room", log);
        await StepAsync(TimeSpan.FromSeconds(0.7));
        await StepAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(new Tick("survived"), await channel.ReadAsync(_patience.Token));
        Assert.Equal(1, log.Lines);
    }

    [Fact]
    public async Task What_is_produced_carries_neither_the_context_nor_the_activity_that_started_the_host()
    {
        _user.Value = "Ann";
        using var activity = new Activity("start").Start();
        await using var channel = await StartAsync<TellsContext>("room");
        await StepAsync(TimeSpan.FromSeconds(0.7));
        Assert.Equal(new Tick("user: , activity: "), await channel.ReadAsync(_patience.Token));
    }

    [Fact]
    public async Task The_lease_is_given_up_when_the_host_stops()
    {
        await using var channel = await StartAsync<TimeProducer>("clock");
        await _time.WhenWaitedOnAsync();
        await _host!.StopAsync();
        Assert.True(_leases.GivenUp);
    }

    /// <summary>Starts a host with one producer; a channel in the group that it sends to.</summary>
    private async Task<IChannel> StartAsync<TProducer>(string group, ILoggerProvider? log = null)
        where TProducer : Producer
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        if (log is not null)
        {
            builder.Logging.AddProvider(log);
        }

        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddSingleton<ILeases>(_leases);
        builder.Services.AddChannelLayers().AddMessage<Tick>().AddProducer<TProducer>();
        _host = builder.Build();
        var layer = _host.Services.GetRequiredService<IChannelLayer>();
        var channel = await layer.NewChannelAsync();
        await layer.GroupAddAsync(group, channel.Name);
        await _host.StartAsync();
        return channel;
    }

    private async Task StepAsync(TimeSpan step, bool waited = true)
    {
        if (waited)
        {
            await _time.WhenWaitedOnAsync();
        }

        _time.Advance(step);
    }

    private sealed class FailsAtFirst : PeriodicProducer
    {
        private bool _again;

        protected override TimeSpan Period => TimeSpan.FromSeconds(1);

        protected override Task ProduceAsync(DateTimeOffset due, CancellationToken stopping)
        {
            if (_again)
            {
                return GroupSendAsync("room", new Tick("survived"));
            }

            _again = true;
            throw new InvalidOperationException("at first");
        }
    }

    private sealed class TellsContext : PeriodicProducer
    {
        protected override TimeSpan Period => TimeSpan.FromSeconds(1);

        protected override Task ProduceAsync(DateTimeOffset due, CancellationToken stopping) =>
            GroupSendAsync("room", new Tick($"user: {_user.Value}, activity: {Activity.Current?.OperationName}"));
    }

    private sealed class DiesAtFirst : Producer
    {
        private bool _again;

        protected override async Task RunAsync(CancellationToken stopping)
        {
            if (!_again)
            {
                _again = true;
                throw new InvalidOperationException("at first");
            }

            await GroupSendAsync("room", new Tick("run again"));
        }
    }

    private sealed class StubLeases : ILeases, ILease
    {
        public bool Grant { get; set; } = true;

        public Action WhileClaimed { get; set; } = () => { };

        public List<string> Names { get; } = [];

        public List<long> Turns { get; } = [];

        public bool GivenUp { get; private set; }

        public bool IsHeld => Grant;

        public ILease Open(string name)
        {
            Names.Add(name);
            return this;
        }

        public ValueTask<bool> TryClaimAsync(long turn, CancellationToken cancellationToken = default)
        {
            Turns.Add(turn);
            WhileClaimed();
            return ValueTask.FromResult(Grant);
        }

        public ValueTask DisposeAsync()
        {
            GivenUp = true;
            return ValueTask.CompletedTask;
        }
    }
}
