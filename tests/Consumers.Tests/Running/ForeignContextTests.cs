using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Running;

/// <summary>What is done for Bob, by whatever thread, is not done in the context of Ann: neither her log scope nor her trace.</summary>
public sealed partial class ForeignContextTests
{
    private static readonly AsyncLocal<string?> _user = new();

    private readonly Diary _diary = new();
    private readonly UserLog _log = new();

    private sealed class Speaks(Diary diary, ILogger<Speaks> logger) : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override async Task ConnectAsync()
        {
            if (Scope.Query["accept"] != "never")
            {
                await AcceptAsync();
                await SendTextAsync("welcome");
            }
        }

        protected override Task ReceiveAsync(string text) => GroupSendAsync("room", new Note(text));

        public async Task HandleAsync(Note message)
        {
            var user = Scope.Query["user"].ToString();
            diary.Note($"{user} {_user.Value} {Activity.Current?.RootId == Activity.Current?.TraceId.ToString()}");
            Handled(logger, user);
            await SendTextAsync(new string('x', message.Text == "much" ? 100_000 : 1));
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "handled by {User}")]
    private static partial void Handled(ILogger logger, string user);

    [Fact]
    public async Task Handlers_and_timers_run_in_the_context_of_their_own_connection_or_of_none()
    {
        await using var server = await StartAsync();
        using var ann = await server.ConnectAsync("/ws/?user=Ann");
        Assert.Equal("welcome", await ann.ReceiveAsync());
        using var bob = await RawClient.ConnectAsync(server, "/ws/?user=Bob", takesLittle: true);
        Assert.Equal("text welcome", await bob.NextAsync());

        // Rejected by a timer, which Ann's connection has set first.
        await server.StatusAsync("/ws/?user=Cid&accept=never");

        // The thread that has read Ann's messages also executes the handlers of the others and writes for them. Bob reads none.
        for (var i = 0; i < 100; i++)
        {
            await ann.SendAsync(i < 50 ? "much" : "little");
            foreach (var _ in new[] { 0, 1 })
            {
                var handled = (await _diary.NextAsync()).Split(' ');
                Assert.Equal(handled[0], handled[1]);
            }

            await ann.ReceiveAsync();
        }

        Assert.Contains(_log.Lines, line => line.Text.Contains("AcceptTimeout", StringComparison.Ordinal));
        Assert.Contains(_log.Lines, line => line.Text.Contains("read too slowly", StringComparison.Ordinal));
        foreach (var (user, text) in _log.Lines)
        {
            var about = text.StartsWith("handled by ", StringComparison.Ordinal) ? text["handled by ".Length..]
                : text.Contains("read too slowly", StringComparison.Ordinal) ? "Bob"
                : null;
            Assert.True(about is null ? user is null : user == about, $"\"{text}\" was logged in the context of {user}.");
        }
    }

    private Task<TestServer> StartAsync() => TestServer.StartAsync(
        app =>
        {
            app.Use((context, next) =>
            {
                _user.Value = context.Request.Query["user"];
                return next(context);
            });
            app.MapChannels(new ProtocolTypeRouter { WebSocket = new UrlRouter { ["ws/"] = Consumer.For<Speaks>() } });
        },
        services =>
        {
            TestServer.SendLittle(services);
            services.AddSingleton(_diary).AddLogging(logging => logging.AddProvider(_log)).Configure<WebSocketConnectionOptions>(options =>
            {
                options.WhenFull = WhenFull.DropOldest;
                options.AcceptTimeout = TimeSpan.FromMilliseconds(100);
            });
        });

    /// <summary>Every warning of the library, and in whose context it was logged.</summary>
    private sealed class UserLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<(string? User, string Text)> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("ChannelsNet", StringComparison.Ordinal) ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue((_user.Value, formatter(state, exception)));

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Dispose()
        {
        }
    }
}
