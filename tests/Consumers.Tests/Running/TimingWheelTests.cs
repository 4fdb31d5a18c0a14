using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Running;

public sealed class TimingWheelTests : IDisposable
{
    /// <summary>What may pass between the time of a deadline and its notice: the rest of the step it is set in, of the step it is due in, and of the timer's.</summary>
    private static readonly TimeSpan _late = 3 * TimingWheel.Step;

    private readonly CountingTime _time = new();
    private readonly FakeLogger _log = new();
    private readonly TimingWheel _wheel;

    public TimingWheelTests() => _wheel = new TimingWheel(_time, _log);

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
    public void It_can_be_cleared_once_and_again_and_set_later()
    {
        Noted first = new(_time), cleared = new(_time), last = new(_time);
        foreach (var deadline in new[] { first, cleared, last })
        {
            _wheel.Set(deadline, TimeSpan.FromSeconds(1));
        }

        _wheel.Clear(cleared);
        _wheel.Clear(cleared);
        _wheel.Clear(new Noted(_time));
        _time.Pass(TimeSpan.FromSeconds(2));
        Assert.Empty(cleared.At);
        Assert.Single(first.At);
        Assert.Single(last.At);
        _wheel.Set(cleared, TimeSpan.FromSeconds(1));
        _time.Pass(TimeSpan.FromSeconds(2));
        Assert.Single(cleared.At);
    }

    [Fact]
    public void After_it_is_cancelled_it_is_never_due_and_cannot_be_set()
    {
        var deadline = new Noted(_time);
        _wheel.Set(deadline, TimeSpan.FromSeconds(1));
        _wheel.Cancel(deadline);
        _wheel.Set(deadline, TimeSpan.FromSeconds(1));
        _time.Pass(TimeSpan.FromSeconds(10));
        Assert.Empty(deadline.At);
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("clear")]
    [InlineData("move")]
    public void It_is_not_due_any_more_when_an_earlier_one_of_the_same_moment_has_changed_it(string how)
    {
        // Both are found due together, and then run one after the other.
        Noted? second = null;
        var first = new Noted(_time, () => Change(second!));
        second = new Noted(_time, () => Change(first));
        _wheel.Set(first, TimeSpan.FromSeconds(1));
        _wheel.Set(second, TimeSpan.FromSeconds(1));
        _time.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(1, first.At.Count + second.At.Count);

        void Change(Noted deadline)
        {
            switch (how)
            {
                case "cancel":
                    _wheel.Cancel(deadline);
                    break;
                case "clear":
                    _wheel.Clear(deadline);
                    break;
                default:
                    _wheel.Set(deadline, TimeSpan.FromSeconds(60));
                    break;
            }
        }
    }

    /// <summary>Many threads set, move and cancel deadlines in the very moment in which they are due.</summary>
    [Fact]
    public async Task Once_cancel_has_returned_it_does_not_run()
    {
        using var wheel = new TimingWheel(TimeProvider.System, _log);
        var end = TimeProvider.System.GetTimestamp() + (3 * TimeProvider.System.TimestampFrequency);
        var threads = Enumerable.Range(0, 4).Select(seed => Task.Run(async () =>
        {
            var (random, ran) = (new Random(seed), 0);
            while (TimeProvider.System.GetTimestamp() < end)
            {
                var deadlines = Enumerable.Range(0, 200).Select(_ => new Ended()).ToArray();
                foreach (var deadline in deadlines)
                {
                    wheel.Set(deadline, TimeSpan.FromMilliseconds(random.Next(100)));
                }

                await Task.Delay(random.Next(100, 300));
                foreach (var deadline in deadlines)
                {
                    wheel.Set(deadline, TimeSpan.Zero);
                    Thread.SpinWait(random.Next(20));
                    wheel.Cancel(deadline);
                    deadline.HasEnded = true;
                    wheel.Set(deadline, TimeSpan.Zero);
                    ran += deadline.Ran;
                }
            }

            return ran;
        })).ToArray();
        Assert.InRange((await Task.WhenAll(threads)).Sum(), 1, int.MaxValue);
        Assert.Empty(_log.Collector.GetSnapshot());
    }

    [Fact]
    public void One_that_throws_is_logged_and_keeps_no_other_from_being_due()
    {
        var (before, after) = (new Noted(_time), new Noted(_time));
        _wheel.Set(before, TimeSpan.FromSeconds(1));
        _wheel.Set(new Noted(_time, () => throw new InvalidOperationException("mine")), TimeSpan.FromSeconds(1));
        _wheel.Set(after, TimeSpan.FromSeconds(1));
        _time.Pass(TimeSpan.FromSeconds(2));
        Assert.Single(before.At);
        Assert.Single(after.At);
        Assert.Equal("mine", _log.LatestRecord.Exception?.Message);
    }

    [Fact]
    public async Task It_runs_without_the_context_of_whoever_has_created_the_wheel_or_set_the_first_deadline()
    {
        var user = new AsyncLocal<string?> { Value = "Ann" };
        var seen = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var wheel = new TimingWheel(TimeProvider.System, _log);
        wheel.Set(new Noted(TimeProvider.System, () => seen.SetResult(user.Value)), TimeSpan.Zero);
        Assert.Null(await seen.Task.WaitAsync(TestServer.Patience));
    }

    [Fact]
    public void After_the_end_of_the_wheel_nothing_is_due_and_nothing_throws()
    {
        var deadline = new Noted(_time);
        _wheel.Set(deadline, TimeSpan.FromSeconds(1));
        _wheel.Dispose();
        _wheel.Set(deadline, TimeSpan.FromSeconds(1));
        _time.Pass(TimeSpan.FromSeconds(10));
        _wheel.Clear(deadline);
        _wheel.Cancel(deadline);
        Assert.Empty(deadline.At);
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
                _wheel.Clear(deadline);
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
        _wheel.Clear(deadline);
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

    private sealed class Ended : TimingWheel.Deadline
    {
        public volatile bool HasEnded;

        public int Ran { get; private set; }

        protected internal override void OnDue()
        {
            Ran++;
            if (HasEnded)
            {
                throw new InvalidOperationException("It ran after its end.");
            }
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
