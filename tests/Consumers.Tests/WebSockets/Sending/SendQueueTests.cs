using System.Diagnostics.Metrics;
using System.Net.WebSockets;
using System.Threading.Channels;
using ChannelsNet.Hosting;
using ChannelsNet.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.WebSockets.Sending;

/// <summary>The queue of one client, over writes that end when the test says so.</summary>
public sealed class SendQueueTests : IAsyncLifetime
{
    private readonly WebSocketConnectionOptions _options = new() { MaxQueuedMessages = 3 };
    private readonly HeldOutput _output = new();
    private readonly Owner _owner = new();
    private readonly FakeTimeProvider _time = new();
    private readonly LineLogger _log = new();
    private readonly List<string> _counted = [];
    private readonly MeterListener _meters = new();
    private ServiceProvider _services = null!;
    private SendQueue _queue = null!;

    public Task InitializeAsync()
    {
        var services = new ServiceCollection().AddMetrics().AddLogging(logging => logging.AddProvider(_log)).AddSingleton<TimeProvider>(_time);
        services.AddSingleton<IHostApplicationLifetime, ApplicationLifetime>();
        services.AddChannels();
        _services = services.BuildServiceProvider();
        var factory = _services.GetRequiredService<IMeterFactory>();
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == factory && instrument.Name == "channels.websocket.dropped")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>((_, count, tags, _) =>
            _counted.Add($"{count} {string.Join(" ", tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}").Order())}"));
        _meters.Start();
        _queue = Create(_output);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _meters.Dispose();
        _log.Dispose();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task What_waits_goes_out_in_one_write_in_order()
    {
        var first = await BeginAsync();
        for (var i = 1; i <= 3; i++)
        {
            Assert.True(_queue.Add(Text($"{i}")));
        }

        first.End();
        Assert.Equal(["text 1", "text 2", "text 3"], (await _output.NextAsync()).Frames);
        Assert.Empty(_counted);
    }

    [Fact]
    public async Task There_is_one_write_at_a_time()
    {
        var first = await BeginAsync();
        _queue.Add(Text("1"));
        _queue.AddPing();
        _queue.AddClose(WebSocketFrames.Close(1000, ""));
        first.End();
        (await _output.NextAsync()).End();
        await EndAllAsync();
        Assert.Equal(1, _output.MostAtOnce);
    }

    [Fact]
    public async Task A_large_message_is_written_by_itself()
    {
        var first = await BeginAsync();
        var large = new string('x', 70_000);
        foreach (var text in new[] { "before", large, "after" })
        {
            Assert.True(_queue.Add(Text(text)));
        }

        first.End();
        Assert.Equal(["text before"], await NextAndEndAsync());
        Assert.Equal([$"text {large}"], await NextAndEndAsync());
        Assert.Equal(["text after"], await NextAndEndAsync());
    }

    [Fact]
    public async Task A_write_gathers_at_most_64_KiB()
    {
        _options.MaxQueuedMessages = 100;
        var first = await BeginAsync();
        for (var i = 0; i < 100; i++)
        {
            Assert.True(_queue.Add(Text($"{i} {new string('x', 3000)}")));
        }

        first.End();
        var all = new List<string>();
        while (all.Count < 100)
        {
            var write = await _output.NextAsync();
            Assert.InRange(write.Bytes.Length, 1, 64 * 1024);
            all.AddRange(write.Frames);
            write.End();
        }

        Assert.Equal(Enumerable.Range(0, 100), all.Select(text => int.Parse(text.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("pong")]
    [InlineData("ping")]
    public async Task A_control_frame_goes_ahead_of_the_messages_and_the_close_frame_behind_them(string kind)
    {
        var first = await BeginAsync();
        _queue.Add(Text("1"));
        _queue.AddClose(WebSocketFrames.Close(1000, ""));
        if (kind == "ping")
        {
            _queue.AddPing();
        }
        else
        {
            _queue.AddPong(Pong(""));
        }

        first.End();
        Assert.Equal([kind, "text 1"], await NextAndEndAsync());
        Assert.Equal(["close 1000"], await NextAndEndAsync());
    }

    [Fact]
    public async Task Every_ping_is_answered_in_order_unless_too_many_pongs_wait_and_then_the_last_one_is()
    {
        var first = await BeginAsync();
        var longest = new string('x', 125);
        for (var i = 0; i < 16; i++)
        {
            _queue.AddPong(Pong(longest));
        }

        first.End();
        var second = await _output.NextAsync();
        Assert.Equal(Enumerable.Repeat($"pong {longest}", 16), second.Frames);
        for (var i = 0; i < 1000; i++)
        {
            _queue.AddPong(Pong($"{i}"));
        }

        second.End();
        var pongs = await NextAndEndAsync();
        Assert.InRange(pongs.Count, 1, 600);
        Assert.Equal(Enumerable.Range(1000 - pongs.Count, pongs.Count).Select(i => $"pong {i}"), pongs);
    }

    [Fact]
    public async Task Nothing_goes_out_behind_the_close_frame()
    {
        var first = await BeginAsync();
        _queue.AddClose(WebSocketFrames.Close(4000, "first"));
        _queue.AddClose(WebSocketFrames.Close(4001, "second"));
        Assert.True(_queue.Add(Text("late")));
        first.End();
        var close = await _output.NextAsync();
        Assert.Equal(["close 4000 first"], close.Frames);
        Assert.True(_queue.Add(Text("later")));
        _queue.AddPing();
        _queue.AddPong(Pong("too late"));
        close.End();
        await _queue.FlushAsync().WaitAsync(TestServer.Patience);
        _queue.AddPing();
        _queue.AddPong(Pong("much too late"));
        _queue.AddClose(WebSocketFrames.Close(4002, "third"));
        Assert.True(_queue.FlushAsync().IsCompleted);
        Assert.Equal(2, _output.Count);
    }

    [Fact]
    public async Task A_flush_completes_when_what_was_added_before_it_is_written()
    {
        Assert.True(_queue.FlushAsync().IsCompletedSuccessfully);
        var first = await BeginAsync();
        var flushed = _queue.FlushAsync();
        _queue.Add(Text("1"));
        var later = _queue.FlushAsync();
        first.End();
        var second = await _output.NextAsync();
        await flushed.WaitAsync(TestServer.Patience);
        Assert.False(later.IsCompleted);
        second.End();
        await later.WaitAsync(TestServer.Patience);
        Assert.True(_queue.FlushAsync().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_flush_completes_though_more_is_sent_all_the_time()
    {
        var write = await BeginAsync();
        var flushed = _queue.FlushAsync();
        for (var i = 1; !flushed.IsCompleted && i < 100; i++)
        {
            _queue.Add(Text($"{i}"));
            write.End();
            write = await _output.NextAsync();
        }

        await flushed.WaitAsync(TestServer.Patience);
    }

    [Fact]
    public async Task A_flush_waits_for_the_close_frame()
    {
        var first = await BeginAsync();
        _queue.Add(Text("1"));
        _queue.AddClose(WebSocketFrames.Close(1000, ""));
        var flushed = _queue.FlushAsync();
        first.End();
        (await _output.NextAsync()).End();
        var close = await _output.NextAsync();
        Assert.False(flushed.IsCompleted);
        close.End();
        await flushed.WaitAsync(TestServer.Patience);
    }

    [Fact]
    public async Task A_flush_does_not_wait_for_what_was_dropped()
    {
        var first = await FillAsync(WhenFull.DropOldest);
        var flushed = _queue.FlushAsync();
        for (var i = 4; i < 10; i++)
        {
            _queue.Add(Text($"{i}"));
        }

        first.End();
        await flushed.WaitAsync(TestServer.Patience);
    }

    [Fact]
    public async Task A_ping_counts_as_sent_when_its_write_has_ended()
    {
        var first = await BeginAsync();
        _queue.AddPing();
        first.End();
        var ping = await _output.NextAsync();
        Assert.Equal(0, _owner.PingsSent);
        ping.End();
        await EndAllAsync();
        Assert.Equal(1, _owner.PingsSent);
    }

    [Fact]
    public async Task A_write_that_makes_no_progress_is_reported_once_its_time_is_over()
    {
        await BeginAsync();
        var failed = _owner.FailedAsync();
        _time.Advance(_options.WriteTimeout - TimeSpan.FromSeconds(2));
        _output.Progress!.OnProgress();
        _time.Advance(_options.WriteTimeout - TimeSpan.FromSeconds(1));
        Assert.False(failed.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(await failed);
    }

    [Fact]
    public async Task A_write_that_has_ended_has_no_deadline()
    {
        (await BeginAsync()).End();
        await _queue.FlushAsync().WaitAsync(TestServer.Patience);
        _time.Advance(TimeSpan.FromHours(1));
        var second = await BeginAsync();
        _time.Advance(_options.WriteTimeout / 2);
        second.End();
        await _queue.FlushAsync().WaitAsync(TestServer.Patience);
        Assert.False(_owner.HasFailed);
    }

    [Fact]
    public async Task A_full_queue_that_nobody_has_begun_to_write_is_written_by_the_sender()
    {
        // On this thread the dispatcher would write only after this work item.
        var sent = await Task.Run(() =>
        {
            var quick = new QuickOutput();
            var queue = Create(quick);
            for (var i = 0; i < 1500; i++)
            {
                Assert.True(queue.Add(Text($"{i}")));
            }

            return quick;
        });
        Assert.Empty(_counted);
        await sent.CountAsync(1500);
    }

    [Fact]
    public async Task Twice_as_much_may_wait_while_a_write_has_just_begun()
    {
        Assert.True(_queue.Add(Text("0")));
        await _output.NextAsync();
        for (var i = 1; i <= 6; i++)
        {
            Assert.True(_queue.Add(Text($"{i}")));
        }

        Assert.False(_queue.Add(Text("7")));
        Assert.Equal(["7 policy=disconnect route=/slow/"], _counted);
    }

    [Fact]
    public async Task Ten_thousand_kinds_are_conflated_in_order()
    {
        const int Count = 10_000;
        _options.MaxQueuedMessages = Count;
        _options.WhenFull = WhenFull.KeepLatest;
        var first = await BeginAsync();
        for (var round = 0; round < 5; round++)
        {
            for (var i = 0; i < Count; i++)
            {
                Assert.True(_queue.Add(Text($"{round} {i}", i)));
            }
        }

        first.End();
        var all = new List<string>();
        while (all.Count < Count)
        {
            all.AddRange(await NextAndEndAsync());
        }

        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"text 4 {i}"), all);
        Assert.Equal(4 * Count, _counted.Count);
    }

    public static TheoryData<Exception> Ends => new()
    {
        new IOException("reset"),
        new ObjectDisposedException("socket"),
        new OperationCanceledException(),
        new WebSocketException("aborted"),
        new InvalidOperationException("the server's own"),
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task The_end_of_the_connection_within_a_write_drops_all_and_ends_flushes(Exception fault)
    {
        var first = await BeginAsync();
        _queue.Add(Text("1"));
        _queue.AddPing();
        _queue.AddPong(Pong(""));
        _queue.AddClose(WebSocketFrames.Close(1000, ""));
        var flush = _queue.FlushAsync();
        first.Fail(fault);
        await flush.WaitAsync(TestServer.Patience);
        Assert.Same(fault, await _owner.FailedAsync());
        Assert.True(_queue.Add(Text("2")));
        _queue.AddPing();
        _queue.AddPong(Pong(""));
        Assert.True(_queue.FlushAsync().IsCompleted);
        Assert.Equal(1, _output.Count);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task The_end_of_the_connection_at_once_ends_the_queue_too(Exception fault)
    {
        _queue = Create(new EndedOutput(fault));
        _queue.Add(Text("1"));
        await _queue.FlushAsync().WaitAsync(TestServer.Patience);
        Assert.Same(fault, await _owner.FailedAsync());
    }

    [Fact]
    public async Task Disconnect_drops_all_and_asks_for_the_end()
    {
        var first = await FillAsync(WhenFull.Disconnect);
        Assert.False(_queue.Add(Text("4")));
        _queue.AddClose(WebSocketFrames.Close(1013, ""));
        first.End();
        Assert.Equal(["close 1013"], await NextAndEndAsync());
        Assert.Equal(["4 policy=disconnect route=/slow/"], _counted);
    }

    [Fact]
    public async Task Drop_oldest_makes_room_for_the_new()
    {
        var first = await FillAsync(WhenFull.DropOldest);
        Assert.True(_queue.Add(Text("4")));
        Assert.True(_queue.Add(Text("5")));
        first.End();
        Assert.Equal(["text 3", "text 4", "text 5"], await NextAndEndAsync());
        Assert.Equal(["1 policy=drop_oldest route=/slow/", "1 policy=drop_oldest route=/slow/"], _counted);
    }

    [Fact]
    public async Task Drop_newest_keeps_what_waits()
    {
        var first = await FillAsync(WhenFull.DropNewest);
        Assert.True(_queue.Add(Text("4")));
        first.End();
        Assert.Equal(["text 1", "text 2", "text 3"], await NextAndEndAsync());
        Assert.Equal(["1 policy=drop_newest route=/slow/"], _counted);
    }

    [Fact]
    public async Task Keep_latest_keeps_the_last_of_each_kind()
    {
        var first = await FillAsync(WhenFull.KeepLatest, "time", "score", "time");
        Assert.True(_queue.Add(Text("4", "time")));
        first.End();
        Assert.Equal(["text 2", "text 4"], await NextAndEndAsync());
        Assert.Equal(["2 policy=keep_latest route=/slow/"], _counted);
    }

    [Fact]
    public async Task Keep_latest_keeps_each_message_without_a_kind_while_there_is_space()
    {
        var first = await FillAsync(WhenFull.KeepLatest, null, "time", null);
        Assert.True(_queue.Add(Text("4", "time")));
        Assert.True(_queue.Add(Text("5")));
        first.End();
        Assert.Equal(["text 3", "text 4", "text 5"], await NextAndEndAsync());
        Assert.Equal(["1 policy=keep_latest route=/slow/", "1 policy=keep_latest route=/slow/"], _counted);
    }

    [Fact]
    public async Task Keep_latest_drops_nothing_while_there_is_space()
    {
        _options.WhenFull = WhenFull.KeepLatest;
        var first = await BeginAsync();
        _queue.Add(Text("1", "time"));
        _queue.Add(Text("2", "time"));
        first.End();
        Assert.Equal(["text 1", "text 2"], await NextAndEndAsync());
    }

    [Fact]
    public async Task Bytes_are_limited_as_messages_are()
    {
        _options.WhenFull = WhenFull.DropNewest;
        _options.MaxQueuedBytes = 24;
        var first = await BeginAsync();
        Assert.True(_queue.Add(Text("ten bytes1")));
        Assert.True(_queue.Add(Text("ten bytes2")));
        Assert.True(_queue.Add(Text("")));
        first.End();
        Assert.Equal(["text ten bytes1", "text ten bytes2"], await NextAndEndAsync());
        Assert.Single(_counted);
    }

    [Fact]
    public async Task A_message_larger_than_the_limit_waits_if_nothing_else_does()
    {
        _options.WhenFull = WhenFull.DropOldest;
        _options.MaxQueuedBytes = 24;
        var first = await BeginAsync();
        Assert.True(_queue.Add(Text("1")));
        Assert.True(_queue.Add(Text("2")));
        Assert.True(_queue.Add(Text(new string('x', 100))));
        first.End();
        Assert.Equal([$"text {new string('x', 100)}"], await NextAndEndAsync());
        Assert.Equal(["2 policy=drop_oldest route=/slow/"], _counted);
    }

    [Fact]
    public async Task What_is_dropped_is_told_in_at_most_one_line_in_ten_seconds()
    {
        await FillAsync(WhenFull.DropNewest);
        for (var i = 0; i < 5; i++)
        {
            _queue.Add(Text("more"));
        }

        _time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));
        _queue.Add(Text("more"));
        var line = Assert.Single(_log.Lines);
        Assert.StartsWith("Warning WebSocket /slow/ of connection the-connection is read too slowly: since the last such line 1 messages", line, StringComparison.Ordinal);

        _time.Advance(TimeSpan.FromTicks(1));
        _queue.Add(Text("more"));
        Assert.Equal(2, _log.Lines.Count);
        Assert.Contains("since the last such line 6 messages", _log.Lines[1], StringComparison.Ordinal);
    }

    private SendQueue Create(IOutput output)
    {
        var route = new WebSocketRoute
        {
            Name = "/slow/",
            Options = _options,
            Services = _services.GetRequiredService<ConsumerServices>(),
            SlowClients = _services.GetRequiredService<SlowClients>(),
            RefusedClients = _services.GetRequiredService<RefusedClients>(),
            Meter = _services.GetRequiredService<WebSocketMeter>(),
        };
        return new SendQueue(output, route, _owner, "the-connection", deflateWindow: 0);
    }

    /// <summary>A first message is being written, so that the next ones wait.</summary>
    private async Task<HeldWrite> BeginAsync()
    {
        Assert.True(_queue.Add(Text("0")));
        var write = await _output.NextAsync();
        Assert.Equal(["text 0"], write.Frames);

        // The client has not taken it for a while, so it is slow.
        _time.Advance(TimeSpan.FromSeconds(1));
        return write;
    }

    /// <summary>And three wait, which is all that there is space for.</summary>
    private async Task<HeldWrite> FillAsync(WhenFull policy, params object?[] kinds)
    {
        _options.WhenFull = policy;
        var first = await BeginAsync();
        for (var i = 1; i <= 3; i++)
        {
            Assert.True(_queue.Add(Text($"{i}", kinds.ElementAtOrDefault(i - 1))));
        }

        return first;
    }

    private async Task<List<string>> NextAndEndAsync()
    {
        var write = await _output.NextAsync();
        write.End();
        return write.Frames;
    }

    private async Task EndAllAsync()
    {
        for (var flush = _queue.FlushAsync(); !flush.IsCompleted;)
        {
            var next = _output.NextAsync();
            if (await Task.WhenAny(next, flush) == next)
            {
                (await next).End();
            }
        }
    }

    private static WebSocketSend Text(string text, object? kind = null) => WebSocketSend.Text(text) with { Kind = kind };

    private static byte[] Pong(string text)
    {
        var payload = WebSocketFrames.Create(WebSocketFrames.Opcode.Pong, text.Length, out var frame);
        System.Text.Encoding.ASCII.GetBytes(text, payload);
        return frame;
    }

    private sealed class EndedOutput(Exception fault) : IOutput
    {
        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, IWriteProgress progress) => throw fault;
    }

    private sealed class Owner : ISendQueueOwner
    {
        private readonly TaskCompletionSource<Exception?> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int PingsSent { get; private set; }

        public bool HasFailed => _failed.Task.IsCompleted;

        public Task<Exception?> FailedAsync() => _failed.Task.WaitAsync(TestServer.Patience);

        public void OnPingSent() => PingsSent++;

        public void OnWriteFailed(Exception? exception) => _failed.TrySetResult(exception);
    }

    /// <summary>An output that takes everything at once.</summary>
    private sealed class QuickOutput : IOutput
    {
        private readonly Channel<int> _messages = Channel.CreateUnbounded<int>();

        public async Task CountAsync(int expected)
        {
            for (var count = 0; count < expected;)
            {
                count += await _messages.Reader.ReadAsync().AsTask().WaitAsync(TestServer.Patience);
            }
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, IWriteProgress progress)
        {
            _messages.Writer.TryWrite(ChannelsNet.Frames.DescribeAll(bytes.ToArray()).Count);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class HeldOutput : IOutput
    {
        private readonly Channel<HeldWrite> _writes = Channel.CreateUnbounded<HeldWrite>();
        private int _now;

        public int Count { get; private set; }

        public IWriteProgress? Progress { get; private set; }

        public int MostAtOnce { get; private set; }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, IWriteProgress progress)
        {
            Count++;
            Progress = progress;
            MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _now));
            var write = new HeldWrite(bytes.ToArray());
            _writes.Writer.TryWrite(write);
            return new(HoldAsync(write));
        }

        public Task<HeldWrite> NextAsync() => _writes.Reader.ReadAsync().AsTask().WaitAsync(TestServer.Patience);

        private async Task HoldAsync(HeldWrite write)
        {
            await write.Ended;
            Interlocked.Decrement(ref _now);
        }
    }

    private sealed class HeldWrite(byte[] bytes)
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public byte[] Bytes => bytes;

        public Task Ended => _ended.Task;

        public List<string> Frames => ChannelsNet.Frames.DescribeAll(bytes);

        public void End() => _ended.SetResult();

        public void Fail(Exception fault) => _ended.SetException(fault);
    }

    private sealed class LineLogger : ILoggerProvider, ILogger
    {
        public List<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add($"{logLevel} {formatter(state, exception)}");

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Dispose()
        {
        }
    }
}
