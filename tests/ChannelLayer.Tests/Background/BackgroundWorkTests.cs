using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Background;

public sealed class BackgroundWorkTests
{
    private static readonly AsyncLocal<string?> _user = new();
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private readonly Lines _lines = new();

    [Fact]
    public async Task Work_carries_neither_the_context_nor_the_activity_of_its_caller()
    {
        using var activity = new Activity("Ann's request").Start();
        _user.Value = "Ann";
        var seen = new TaskCompletionSource<(string?, Activity?)>();
        await BackgroundWork.Run("A loop", _lines, async () =>
        {
            await Task.Yield();
            seen.SetResult((_user.Value, Activity.Current));
        });
        Assert.Equal((null, null), await seen.Task);
        Assert.Equal((null, null), await BackgroundWork.Run(() => Task.FromResult((_user.Value, Activity.Current))));

        var queued = new TaskCompletionSource<(string?, Activity?)>();
        BackgroundWork.Queue("A callback", _lines, () => queued.SetResult((_user.Value, Activity.Current)));
        Assert.Equal((null, null), await queued.Task.WaitAsync(_patience));

        var ticked = new TaskCompletionSource<(string?, Activity?)>();
        await using (BackgroundWork.CreateTimer(
            "A timer", _lines, TimeProvider.System, () => ticked.TrySetResult((_user.Value, Activity.Current)), TimeSpan.Zero, Timeout.InfiniteTimeSpan))
        {
            Assert.Equal((null, null), await ticked.Task.WaitAsync(_patience));
        }

        Assert.Equal(("Ann", activity), (_user.Value, Activity.Current));
    }

    [Fact]
    public async Task A_caller_that_has_suppressed_the_flow_of_its_context_can_start_work()
    {
        Task running;
        using (ExecutionContext.SuppressFlow())
        {
            running = BackgroundWork.Run("A loop", _lines, () => Task.CompletedTask);
            Assert.True(ExecutionContext.IsFlowSuppressed());
        }

        await running;
    }

    [Fact]
    public async Task What_work_throws_is_logged_and_its_task_does_not_fail()
    {
        await BackgroundWork.Run("A loop", _lines, async () =>
        {
            await Task.Yield();
            throw new InvalidOperationException("late");
        });
        await BackgroundWork.Run("Another loop", _lines, () => throw new InvalidOperationException("at once"));
        Assert.Equal(["Error: A loop failed (late)", "Error: Another loop failed (at once)"], _lines.All);
    }

    [Fact]
    public async Task The_caller_gets_the_exception_of_work_with_a_result() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => BackgroundWork.Run<int>(() => throw new InvalidOperationException()));

    [Fact]
    public void Every_handler_of_an_event_is_called_though_one_throws()
    {
        var called = new List<int>();
        Action<int>? handlers = called.Add;
        handlers += _ => throw new InvalidOperationException("mine");
        handlers += called.Add;
        BackgroundWork.Raise("An event", _lines, handlers, handler => handler(7));
        BackgroundWork.Raise<Action>("An event without handlers", _lines, null, handler => handler());
        Assert.Equal([7, 7], called);
        Assert.Equal(["Error: An event failed (mine)"], _lines.All);
    }

    [Fact]
    public void Timers_and_registrations_that_throw_do_not_reach_the_clock_or_the_code_that_cancels()
    {
        var time = new FakeTimeProvider();
        var ticks = 0;
        using var timer = BackgroundWork.CreateTimer(
            "A timer",
            _lines,
            time,
            () => throw new InvalidOperationException($"{++ticks}"),
            TimeSpan.FromSeconds(1),
            TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(2));

        using var source = new CancellationTokenSource();
        using var registration = BackgroundWork.Register("A registration", _lines, () => throw new InvalidOperationException("mine"), source.Token);
        source.Cancel();
        Assert.Equal(["Error: A timer failed (1)", "Error: A timer failed (2)", "Error: A registration failed (mine)"], _lines.All);
    }

    [Fact]
    public async Task A_log_provider_that_throws_ends_nothing()
    {
        var logger = new Throwing();
        await BackgroundWork.Run("A loop", logger, () => throw new InvalidOperationException());
        BackgroundWork.Call("A callback", logger, () => throw new InvalidOperationException());
        var safe = SafeLogger.Of(logger);
        Assert.Same(safe, SafeLogger.Of(safe));
        Assert.False(safe.IsEnabled(LogLevel.Error));
        Assert.Null(safe.BeginScope("scope"));
        safe.Log(LogLevel.Error, 1, "state", null, (_, _) => "line");
    }

    [Fact]
    public void A_safe_logger_passes_on_scopes_levels_and_lines()
    {
        var safe = SafeLogger.Of(_lines);
        Assert.True(safe.IsEnabled(LogLevel.Error));
        Assert.False(SafeLogger.Of(NullLogger.Instance).IsEnabled(LogLevel.Error));
        Assert.NotNull(safe.BeginScope("scope"));
        safe.Log(LogLevel.Information, 1, "state", null, (state, _) => $"line of {state}");
        Assert.Equal(["Information: line of state"], _lines.All);
    }

    private sealed class Lines : ILogger
    {
        private readonly List<string> _all = [];

        public string[] All
        {
            get
            {
                lock (_all)
                {
                    return [.. _all];
                }
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => NullLogger.Instance.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_all)
            {
                _all.Add($"{logLevel}: {formatter(state, exception)}{(exception is null ? "" : $" ({exception.Message})")}");
            }
        }
    }

    private sealed class Throwing : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => throw new InvalidOperationException("The provider failed.");

        public bool IsEnabled(LogLevel logLevel) => throw new InvalidOperationException("The provider failed.");

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new InvalidOperationException("The provider failed.");
    }
}
