using System.Diagnostics.Metrics;
using System.Net.WebSockets;
using System.Threading.Channels;
using ChannelsNet.Hosting;
using ChannelsNet.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.WebSockets.Sending;

/// <summary>The queue of one client, over writes that end when the test says so.</summary>
public sealed class OutboxTests : IAsyncLifetime
{
    private readonly WebSocketConnectionOptions _options = new() { MaxQueuedMessages = 3 };
    private readonly HeldOutput _output = new();
    private readonly Lifetime _lifetime = new();
    private readonly FakeTimeProvider _time = new();
    private readonly LineLogger _log = new();
    private readonly List<string> _counted = [];
    private readonly MeterListener _meters = new();
    private ServiceProvider _services = null!;
    private Outbox _outbox = null!;

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
        _outbox = Create(_output);
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
            Assert.True(_outbox.Add(Text($"{i}")));
        }

        first.End();
        Assert.Equal(["text 1", "text 2", "text 3"], (await _output.NextAsync()).Frames);
        Assert.Empty(_counted);
    }

    [Fact]
    public async Task There_is_one_write_at_a_time()
    {
        var first = await BeginAsync();
        _outbox.Add(Text("1"));
        _outbox.AddPing();
        _outbox.AddClose(WebSocketFrames.Close(1000, ""));
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
            Assert.True(_outbox.Add(Text(text)));
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
            Assert.True(_outbox.Add(Text($"{i} {new string('x', 3000)}")));
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
        _outbox.Add(Text("1"));
        _outbox.AddClose(WebSocketFrames.Close(1000, ""));
        if (kind == "ping")
        {
            _outbox.AddPing();
        }
        else
        {
            _outbox.AddPong(Pong(""));
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
            _outbox.AddPong(Pong(longest));
        }

        first.End();
        var second = await _output.NextAsync();
        Assert.Equal(Enumerable.Repeat($"pong {longest}", 16), second.Frames);
        for (var i = 0; i < 1000; i++)
        {
            _outbox.AddPong(Pong($"{i}"));
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
        _outbox.AddClose(WebSocketFrames.Close(4000, "first"));
        _outbox.AddClose(WebSocketFrames.Close(4001, "second"));
        Assert.True(_outbox.Add(Text("late")));
        first.End();
        var close = await _output.NextAsync();
        Assert.Equal(["close 4000 first"], close.Frames);
        Assert.True(_outbox.Add(Text("later")));
        _outbox.AddPing();
        _outbox.AddPong(Pong("too late"));
        close.End();
        await _outbox.FlushAsync().WaitAsync(TestServer.Patience);
        _outbox.AddPing();
        _outbox.AddPong(Pong("much too late"));
        _outbox.AddClose(WebSocketFrames.Close(4002, "third"));
        Assert.True(_outbox.FlushAsync().IsCompleted);
        Assert.Equal(2, _output.Count);
    }

    [Fact]
    public async Task A_flush_ends_when_the_last_write_has_ended()
    {
        Assert.True(_outbox.FlushAsync().IsCompletedSuccessfully);
        var first = await BeginAsync();
        var (flush, other) = (_outbox.FlushAsync(), _outbox.FlushAsync());
        _outbox.Add(Text("1"));
        first.End();
        var second = await _output.NextAsync();
        Assert.False(flush.IsCompleted);
        second.End();
        await flush.WaitAsync(TestServer.Patience);
        await other.WaitAsync(TestServer.Patience);
        Assert.True(_outbox.FlushAsync().IsCompletedSuccessfully);
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
        _outbox.Add(Text("1"));
        _outbox.AddPing();
        _outbox.AddPong(Pong(""));
        _outbox.AddClose(WebSocketFrames.Close(1000, ""));
        var flush = _outbox.FlushAsync();
        first.Fail(fault);
        await flush.WaitAsync(TestServer.Patience);
        Assert.True(_lifetime.RequestAborted.IsCancellationRequested);
        Assert.True(_outbox.Add(Text("2")));
        _outbox.AddPing();
        _outbox.AddPong(Pong(""));
        Assert.True(_outbox.FlushAsync().IsCompleted);
        Assert.Equal(1, _output.Count);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task The_end_of_the_connection_at_once_ends_the_outbox_too(Exception fault)
    {
        _outbox = Create(new EndedOutput(fault));
        _outbox.Add(Text("1"));
        await _outbox.FlushAsync().WaitAsync(TestServer.Patience);
        Assert.True(_lifetime.RequestAborted.IsCancellationRequested);
    }

    [Fact]
    public async Task Disconnect_drops_all_and_asks_for_the_end()
    {
        var first = await FillAsync(WhenFull.Disconnect);
        Assert.False(_outbox.Add(Text("4")));
        _outbox.AddClose(WebSocketFrames.Close(1013, ""));
        first.End();
        Assert.Equal(["close 1013"], await NextAndEndAsync());
        Assert.Equal(["4 policy=disconnect route=/slow/"], _counted);
    }

    [Fact]
    public async Task Drop_oldest_makes_room_for_the_new()
    {
        var first = await FillAsync(WhenFull.DropOldest);
        Assert.True(_outbox.Add(Text("4")));
        Assert.True(_outbox.Add(Text("5")));
        first.End();
        Assert.Equal(["text 3", "text 4", "text 5"], await NextAndEndAsync());
        Assert.Equal(["1 policy=drop_oldest route=/slow/", "1 policy=drop_oldest route=/slow/"], _counted);
    }

    [Fact]
    public async Task Drop_newest_keeps_what_waits()
    {
        var first = await FillAsync(WhenFull.DropNewest);
        Assert.True(_outbox.Add(Text("4")));
        first.End();
        Assert.Equal(["text 1", "text 2", "text 3"], await NextAndEndAsync());
        Assert.Equal(["1 policy=drop_newest route=/slow/"], _counted);
    }

    [Fact]
    public async Task Keep_latest_keeps_the_last_of_each_kind()
    {
        var first = await FillAsync(WhenFull.KeepLatest, "time", "score", "time");
        Assert.True(_outbox.Add(Text("4", "time")));
        first.End();
        Assert.Equal(["text 2", "text 4"], await NextAndEndAsync());
        Assert.Equal(["2 policy=keep_latest route=/slow/"], _counted);
    }

    [Fact]
    public async Task Keep_latest_keeps_each_message_without_a_kind_while_there_is_space()
    {
        var first = await FillAsync(WhenFull.KeepLatest, null, "time", null);
        Assert.True(_outbox.Add(Text("4", "time")));
        Assert.True(_outbox.Add(Text("5")));
        first.End();
        Assert.Equal(["text 3", "text 4", "text 5"], await NextAndEndAsync());
        Assert.Equal(["1 policy=keep_latest route=/slow/", "1 policy=keep_latest route=/slow/"], _counted);
    }

    [Fact]
    public async Task Keep_latest_drops_nothing_while_there_is_space()
    {
        _options.WhenFull = WhenFull.KeepLatest;
        var first = await BeginAsync();
        _outbox.Add(Text("1", "time"));
        _outbox.Add(Text("2", "time"));
        first.End();
        Assert.Equal(["text 1", "text 2"], await NextAndEndAsync());
    }

    [Fact]
    public async Task Bytes_are_limited_as_messages_are()
    {
        _options.WhenFull = WhenFull.DropNewest;
        _options.MaxQueuedBytes = 24;
        var first = await BeginAsync();
        Assert.True(_outbox.Add(Text("ten bytes1")));
        Assert.True(_outbox.Add(Text("ten bytes2")));
        Assert.True(_outbox.Add(Text("")));
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
        Assert.True(_outbox.Add(Text("1")));
        Assert.True(_outbox.Add(Text("2")));
        Assert.True(_outbox.Add(Text(new string('x', 100))));
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
            _outbox.Add(Text("more"));
        }

        _time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));
        _outbox.Add(Text("more"));
        var line = Assert.Single(_log.Lines);
        Assert.StartsWith("Warning WebSocket /slow/ of connection the-connection is read too slowly: since the last such line 1 messages", line, StringComparison.Ordinal);

        _time.Advance(TimeSpan.FromTicks(1));
        _outbox.Add(Text("more"));
        Assert.Equal(2, _log.Lines.Count);
        Assert.Contains("since the last such line 6 messages", _log.Lines[1], StringComparison.Ordinal);
    }

    private Outbox Create(IOutput output)
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpRequestLifetimeFeature>(_lifetime);
        context.Connection.Id = "the-connection";
        var route = new WebSocketRoute
        {
            Name = "/slow/",
            Options = _options,
            Services = _services.GetRequiredService<ConsumerServices>(),
            SlowClients = _services.GetRequiredService<SlowClients>(),
            RefusedClients = _services.GetRequiredService<RefusedClients>(),
            Meter = _services.GetRequiredService<WebSocketMeter>(),
        };
        return new Outbox(output, route, context, deflateWindow: 0);
    }

    /// <summary>A first message is being written, so that the next ones wait.</summary>
    private async Task<HeldWrite> BeginAsync()
    {
        Assert.True(_outbox.Add(Text("0")));
        var write = await _output.NextAsync();
        Assert.Equal(["text 0"], write.Frames);
        return write;
    }

    /// <summary>And three wait, which is all that there is space for.</summary>
    private async Task<HeldWrite> FillAsync(WhenFull policy, params object?[] kinds)
    {
        _options.WhenFull = policy;
        var first = await BeginAsync();
        for (var i = 1; i <= 3; i++)
        {
            Assert.True(_outbox.Add(Text($"{i}", kinds.ElementAtOrDefault(i - 1))));
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
        for (var flush = _outbox.FlushAsync(); !flush.IsCompleted;)
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
        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes) => throw fault;
    }

    private sealed class Lifetime : IHttpRequestLifetimeFeature
    {
        private readonly CancellationTokenSource _aborted = new();

        public CancellationToken RequestAborted
        {
            get => _aborted.Token;
            set => throw new NotSupportedException();
        }

        public void Abort() => _aborted.Cancel();
    }

    private sealed class HeldOutput : IOutput
    {
        private readonly Channel<HeldWrite> _writes = Channel.CreateUnbounded<HeldWrite>();
        private int _now;

        public int Count { get; private set; }

        public int MostAtOnce { get; private set; }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
        {
            Count++;
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
