using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Running;

public sealed class TimingWheelTests : IDisposable
{
    /// <summary>What may pass between the time of a deadline and its notice: the rest of the step it is set in, of the step it is due in, and of the timer's.</summary>
    private static readonly TimeSpan _late = 3 * TimingWheel.Step;

    private readonly CountingTime _time = new();
    private readonly TimingWheel _wheel;

    public TimingWheelTests() => _wheel = new TimingWheel(_time);

    public void Dispose() => _wheel.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(101)]
    [InlineData(20_000)]
    [InlineData(51_199)]
    [InlineData(51_200)]
    [InlineData(51_201)]
    [InlineData(120_000)]
    [InlineData(360_050)]
    public void It_is_due_soon_after_its_time_and_not_before(int milliseconds)
    {
        var after = TimeSpan.FromMilliseconds(milliseconds);

        // Nor does it matter at which point of a step it is set.
        foreach (var start in new[] { 0, 1, 50, 99 })
        {
            _time.Pass(TimeSpan.FromMilliseconds(start));
            var deadline = new Noted(_time);
            _wheel.Set(deadline, after);
            var from = _time.GetTimestamp();
            while (deadline.At.Count == 0 && _time.GetElapsedTime(from) < after + _late)
            {
                _time.Pass(TimeSpan.FromMilliseconds(10));
            }

            Assert.InRange(_time.GetElapsedTime(from, Assert.Single(deadline.At)), after, after + _late);
            _time.Pass(TimeSpan.FromMinutes(2));
            Assert.Single(deadline.At);
        }
    }

    [Fact]
    public void It_can_be_moved_and_is_due_once()
    {
        var deadline = new Noted(_time);
        var from = _time.GetTimestamp();
        _wheel.Set(deadline, TimeSpan.FromSeconds(1));
        _time.Pass(TimeSpan.FromSeconds(0.9));
        _wheel.Set(deadline, TimeSpan.FromSeconds(60));
        _time.Pass(TimeSpan.FromSeconds(60));
        Assert.Empty(deadline.At);
        _wheel.Set(deadline, TimeSpan.FromSeconds(1));
        _time.Pass(TimeSpan.FromSeconds(100));
        Assert.InRange(_time.GetElapsedTime(from, Assert.Single(deadline.At)), TimeSpan.FromSeconds(61.9), TimeSpan.FromSeconds(61.9) + _late);
    }

    [Fact]
    public void It_can_be_cancelled_once_and_again()
    {
        Noted first = new(_time), cancelled = new(_time), last = new(_time);
        foreach (var deadline in new[] { first, cancelled, last })
        {
            _wheel.Set(deadline, TimeSpan.FromSeconds(1));
        }

        _wheel.Cancel(cancelled);
        _wheel.Cancel(cancelled);
        _wheel.Cancel(new Noted(_time));
        _time.Pass(TimeSpan.FromSeconds(2));
        Assert.Empty(cancelled.At);
        Assert.Single(first.At);
        Assert.Single(last.At);
        _wheel.Set(cancelled, TimeSpan.FromSeconds(1));
        _time.Pass(TimeSpan.FromSeconds(2));
        Assert.Single(cancelled.At);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Many_are_each_due_at_their_time(int seed)
    {
        var random = new Random(seed);
        var expected = new Dictionary<Noted, (long From, TimeSpan After)>();
        var deadlines = Enumerable.Range(0, 300).Select(_ => new Noted(_time)).ToArray();
        for (var i = 0; i < 2_000; i++)
        {
            var deadline = deadlines[random.Next(deadlines.Length)];
            if (deadline.At.Count > 0)
            {
                continue;
            }

            if (random.Next(4) == 0)
            {
                _wheel.Cancel(deadline);
                expected.Remove(deadline);
            }
            else
            {
                var after = TimeSpan.FromMilliseconds(random.Next(150_000));
                _wheel.Set(deadline, after);
                expected[deadline] = (_time.GetTimestamp(), after);
            }

            _time.Pass(TimeSpan.FromMilliseconds(random.Next(200)));
        }

        _time.Pass(TimeSpan.FromMinutes(5));
        foreach (var deadline in deadlines)
        {
            if (expected.TryGetValue(deadline, out var its))
            {
                Assert.InRange(_time.GetElapsedTime(its.From, Assert.Single(deadline.At)), its.After, its.After + _late);
            }
            else
            {
                Assert.Empty(deadline.At);
            }
        }
    }

    [Fact]
    public void It_can_be_set_again_when_it_is_due()
    {
        Noted? deadline = null;
        deadline = new Noted(_time, () =>
        {
            if (deadline!.At.Count < 3)
            {
                _wheel.Set(deadline, TimeSpan.FromSeconds(5));
            }
        });
        _wheel.Set(deadline, TimeSpan.FromSeconds(5));
        _time.Pass(TimeSpan.FromSeconds(60));
        Assert.Equal(3, deadline.At.Count);
        Assert.All(deadline.At.Zip(deadline.At.Skip(1)), pair =>
            Assert.InRange(_time.GetElapsedTime(pair.First, pair.Second), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5) + _late));
    }

    [Fact]
    public void The_timer_rests_while_there_is_nothing_to_wait_for()
    {
        Assert.Equal(0, _time.Ticks);
        var deadline = new Noted(_time);
        _wheel.Set(deadline, TimeSpan.FromSeconds(1));
        _time.Pass(TimeSpan.FromSeconds(10));
        Assert.InRange(_time.Ticks, 10, 13);
        var ticks = _time.Ticks;
        _time.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal(ticks, _time.Ticks);

        _wheel.Set(deadline, TimeSpan.FromSeconds(1));
        _wheel.Cancel(deadline);
        _time.Pass(TimeSpan.FromMinutes(10));
        Assert.InRange(_time.Ticks, ticks, ticks + 1);
        Assert.Single(deadline.At);

        _wheel.Set(deadline, TimeSpan.FromSeconds(1));
        _time.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(2, deadline.At.Count);
    }

    private sealed class Noted(TimeProvider time, Action? onDue = null) : TimingWheel.Deadline
    {
        public List<long> At { get; } = [];

        protected internal override void OnDue()
        {
            At.Add(time.GetTimestamp());
            onDue?.Invoke();
        }
    }

    /// <summary>A fake clock that counts how often its timers go off.</summary>
    private sealed class CountingTime : FakeTimeProvider
    {
        public int Ticks { get; private set; }

        /// <summary>Lets time go by bit by bit: a jump would be noticed at its end only.</summary>
        public void Pass(TimeSpan time)
        {
            for (var bit = TimeSpan.FromMilliseconds(10); time > TimeSpan.Zero; time -= bit)
            {
                Advance(time < bit ? time : bit);
            }
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(
            inner =>
            {
                Ticks++;
                callback(inner);
            },
            state,
            dueTime,
            period);
    }
}
