using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Http;

/// <summary>Server-sent events (WHATWG HTML, 9.2).</summary>
public sealed class EventStreamTests
{
    private readonly Diary _diary = new();
    private readonly FakeTimeProvider _time = new();

    private sealed class Streams(Diary diary) : HttpConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => StartEventsAsync();

        public Task HandleAsync(Note message) => message.Text switch
        {
            "finish" => FinishAsync(),
            "throw" => throw new InvalidOperationException("thrown by the handler"),
            _ => SendEventAsync(message.Text),
        };

        protected override Task DisconnectAsync()
        {
            diary.Note("disconnect");
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_stream_begins_at_once_and_each_message_comes_at_once(int version)
    {
        await using var server = await HttpServer.StartAsync(
            Consumer.For<Streams>(),
            services => services.AddSingleton(_diary),
            listen => listen.Protocols = version == 2 ? HttpProtocols.Http2 : listen.Protocols);
        using var client = new Client(server) { Version = new Version(version, version == 2 ? 0 : 1) };
        using var answer = await client.GetAsync();
        Assert.Equal((200, "text/event-stream"), (answer.Status, answer.ContentType));
        Assert.Equal(("no-cache", "no"), (answer.Header("Cache-Control"), answer.Header("X-Accel-Buffering")));
        for (var i = 1; i <= 3; i++)
        {
            await server.Layer.GroupSendAsync("room", new Note($"{i}"));
            Assert.Equal($"data: {i}", await answer.EventAsync());
        }

        await server.Layer.GroupSendAsync("room", new Note("finish"));
        Assert.Null(await answer.LineAsync());
        Assert.Equal("disconnect", await _diary.NextAsync());
        Assert.Empty(server.Errors);
    }

    private sealed class Everything : HttpConsumer
    {
        protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            await SendEventAsync("plain");
            await SendEventAsync("one\ntwo\r\nthree\rfour\n", "news", "7", TimeSpan.FromSeconds(1.5));
            await SendEventAsync("", id: "häh");
            await SendJsonEventAsync(new { RoomName = "tea", Text = "two\nlines" }, "json", "");
            await FinishAsync();
        }
    }

    [Fact]
    public async Task Events_have_data_of_any_lines_a_name_an_id_and_a_time_to_come_back()
    {
        await using var server = await HttpServer.StartAsync(
            Consumer.For<Everything>(), services => services.ConfigureHttpJsonOptions(options => options.SerializerOptions.WriteIndented = true));
        using var client = new Client(server);
        using (var answer = await client.GetAsync())
        {
            Assert.Equal(
                [
                    "message: plain (, )",
                    "news: one\ntwo\nthree\nfour\n (7, 1500)",
                    "message:  (häh, )",
                    "json: {\n  \"roomName\": \"tea\",\n  \"text\": \"two\\nlines\"\n} (, )",
                ],
                (await answer.EventsAsync()).Select(item => $"{item.EventType}: {item.Data} ({item.EventId}, {item.ReconnectionInterval?.TotalMilliseconds})"));
        }

        using var wire = await client.GetAsync();
        Assert.StartsWith(
            "data: plain\n\nevent: news\nid: 7\nretry: 1500\ndata: one\ndata: two\ndata: three\ndata: four\ndata: \n\nid: häh\ndata: \n\nevent: json\nid: \ndata: {\n",
            await wire.TextAsync(),
            StringComparison.Ordinal);
        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData("a\nb", null)]
    [InlineData("a\r", null)]
    [InlineData(null, "a\nb")]
    [InlineData(null, "\r")]
    [InlineData(null, "a\0")]
    public void What_would_break_the_format_is_refused(string? name, string? id) =>
        Assert.Contains("U+00", Assert.Throws<ArgumentException>(() => EventStream.Fields(name, id, null)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_time_to_come_back_before_now_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => EventStream.Fields(null, null, TimeSpan.FromTicks(-1)));

    private sealed class Resumes : HttpConsumer
    {
        protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            await StartEventsAsync(new HeaderDictionary { ["X-Last"] = LastEventId is null ? "none" : $"{LastEventId.Length}", ["Cache-Control"] = "no-store" });
            await SendEventAsync($"after {LastEventId}");
            await FinishAsync();
        }
    }

    [Theory]
    [InlineData(null, "none", "after ")]
    [InlineData("41", "2", "after 41")]
    public async Task A_client_that_comes_back_says_what_it_has_seen(string? id, string header, string data)
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Resumes>());
        using var client = new Client(server);
        using var answer = await client.GetAsync(change: request =>
        {
            if (id is not null)
            {
                request.Headers.Add("Last-Event-ID", id);
            }
        });
        Assert.Equal((header, "no-store"), (answer.Header("X-Last"), answer.Header("Cache-Control")));
        Assert.Equal(data, Assert.Single(await answer.EventsAsync()).Data);
    }

    [Fact]
    public async Task A_silent_stream_is_kept_alive_by_comments_and_one_that_speaks_is_not()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Streams>(), _diary, _time);
        using var client = new Client(server);
        var start = _time.GetUtcNow();
        using var answer = await client.GetAsync();
        for (var i = 1; i <= 3; i++)
        {
            var comment = answer.EventAsync();
            await _time.PassUntilAsync(comment);
            Assert.Equal(":", await comment);
            Assert.True(_time.GetUtcNow() - start >= i * TimeSpan.FromSeconds(15));
        }

        // What is written now has begun after the last comment, whenever that was.
        await server.Layer.GroupSendAsync("room", new Note("hello"));
        while (await answer.EventAsync() != "data: hello")
        {
            // A comment that was on its way.
        }

        for (var i = 0; i < 10; i++)
        {
            // Never fifteen seconds without an event.
            _time.Advance(TimeSpan.FromSeconds(10));
            await server.Layer.GroupSendAsync("room", new Note($"{i}"));
            Assert.Equal($"data: {i}", await answer.EventAsync());
        }
    }

    [Fact]
    public async Task With_an_interval_of_zero_there_are_no_comments()
    {
        await using var server = await HttpServer.StartAsync(
            Consumer.For<Streams>().WithHttpOptions(options => options.KeepAliveInterval = TimeSpan.Zero), _diary, _time);
        using var client = new Client(server);
        using var answer = await client.GetAsync();
        for (var i = 0; i < 600; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        await server.Layer.GroupSendAsync("room", new Note("still there"));
        Assert.Equal("data: still there", await answer.EventAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_client_that_leaves_ends_an_idle_stream_at_once_and_logs_nothing(int version)
    {
        await using var server = await HttpServer.StartAsync(
            Consumer.For<Streams>(),
            services => services.AddSingleton(_diary),
            listen => listen.Protocols = version == 2 ? HttpProtocols.Http2 : listen.Protocols);
        var local = server.Local;
        using (var client = new Client(server) { Version = new Version(version, version == 2 ? 0 : 1) })
        using (await client.GetAsync())
        {
            Assert.Equal((1, 1), (local.ChannelCount, local.GroupCount));
        }

        Assert.Equal("disconnect", await _diary.NextAsync());
        Assert.Equal((0, 0), (local.ChannelCount, local.GroupCount));
        await server.App.StopAsync();
        Assert.True(_diary.IsEmpty);
        Assert.Empty(server.Errors);
    }

    private sealed class Loops(Diary diary) : HttpConsumer
    {
        protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            await SendEventAsync("begun");
            await Task.Delay(Timeout.InfiniteTimeSpan, Scope.Aborted);
        }

        protected override Task DisconnectAsync()
        {
            diary.Note("disconnect");
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData("the client leaves")]
    [InlineData("the host stops")]
    public async Task Who_loops_in_the_handler_is_told_by_a_token_and_that_is_no_error(string end)
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Loops>(), _diary);
        using var client = new Client(server);
        using var answer = await client.GetAsync();
        Assert.Equal("data: begun", await answer.EventAsync());
        if (end == "the client leaves")
        {
            answer.Dispose();
        }
        else
        {
            await server.App.StopAsync().WaitAsync(TestServer.Patience);
            Assert.Null(await answer.LineAsync());
        }

        Assert.Equal("disconnect", await _diary.NextAsync());
        await server.App.StopAsync();
        Assert.True(_diary.IsEmpty);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_handler_that_throws_breaks_the_stream_off_with_one_log_line()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Streams>(), _diary);
        using var client = new Client(server);
        using var answer = await client.GetAsync();
        await server.Layer.GroupSendAsync("room", new Note("throw"));
        await Assert.ThrowsAnyAsync<IOException>(() => answer.LineAsync());
        Assert.Equal("disconnect", await _diary.NextAsync());
        await server.App.StopAsync();
        Assert.Single(server.Errors);
    }

    [Fact]
    public async Task Who_asks_for_the_head_of_a_stream_gets_it_and_no_more()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Streams>(), _diary);
        using var client = new Client(server);
        using var answer = await client.SendAsync(HttpMethod.Head);
        Assert.Equal((200, "text/event-stream"), (answer.Status, answer.ContentType));
        Assert.Equal("disconnect", await _diary.NextAsync());
        Assert.Empty(server.Errors);
    }

    private sealed class SendsJson : HttpConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => StartEventsAsync();

        public Task HandleAsync(Note message) =>
            message.Text == "with an id" ? SendJsonEventAsync(message, id: "1") : SendJsonEventAsync(message);
    }

    [Fact]
    public async Task A_message_that_twenty_streams_send_on_is_written_once()
    {
        var counting = new CountingConverter();
        await using var server = await HttpServer.StartAsync(
            Consumer.For<SendsJson>(), services => services.ConfigureHttpJsonOptions(options => options.SerializerOptions.Converters.Add(counting)));
        using var client = new Client(server);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.GetAsync()));
        await server.Layer.GroupSendAsync("room", new Note("for all"));
        await server.Layer.GroupSendAsync("room", new Note("with an id"));
        foreach (var answer in answers)
        {
            Assert.Equal("data: \"for all\"", await answer.EventAsync());
            Assert.Equal("id: 1|data: \"with an id\"", await answer.EventAsync());
            answer.Dispose();
        }

        Assert.Equal(2, counting.Writes);
    }

    private sealed class SendsViews : HttpConsumer, IHandle<Note>
    {
        private static int _made;

        public static int Made => _made;

        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => Scope.Query["poll"].Count > 0 ? Task.CompletedTask : StartEventsAsync();

        public async Task HandleAsync(Note message)
        {
            var user = Scope.Query["user"].ToString();
            if (Scope.Query["poll"].Count > 0)
            {
                await RespondJsonAsync(message, Of, 201);
                return;
            }

            await SendJsonEventAsync(message, Of, "view", id: user);
            await SendJsonEventAsync(message, note => new { note.Text, user });
        }

        private static object Of(Note note) => new { note.Text.Length, Made = Interlocked.Increment(ref _made) };
    }

    [Fact]
    public async Task A_view_of_a_message_is_made_once_for_all_streams_and_once_for_all_long_polls()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<SendsViews>());
        using var client = new Client(server);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => client.GetAsync($"/http/?user={i}")));
        var polls = Enumerable.Range(0, 3).Select(_ => client.GetAsync("/http/?poll")).ToArray();
        using var patience = new CancellationTokenSource(TestServer.Patience);
        while (server.Local.MemberCount < answers.Length + polls.Length)
        {
            await Task.Delay(1, patience.Token);
        }

        await server.Layer.GroupSendAsync("room", new Note("hello"));
        var made = new HashSet<string>();
        for (var i = 0; i < answers.Length; i++)
        {
            var view = await answers[i].EventAsync();
            Assert.StartsWith($$"""event: view|id: {{i}}|data: {"length":5,""", view, StringComparison.Ordinal);
            made.Add(view[view.IndexOf("data", StringComparison.Ordinal)..]);
            Assert.Equal($$"""data: {"text":"hello","user":"{{i}}"}""", await answers[i].EventAsync());
            answers[i].Dispose();
        }

        foreach (var poll in polls)
        {
            using var answer = await poll.WaitAsync(TestServer.Patience);
            Assert.Equal(201, answer.Status);
            made.Add(await answer.TextAsync());
        }

        Assert.Equal((2, 2), (made.Count, SendsViews.Made));
    }

    [Fact]
    public async Task It_works_on_a_server_without_sockets()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseTestServer();
        builder.Services.AddSingleton(_diary).AddLogging().AddChannels().AddMessage<Note>();
        await using var app = builder.Build();
        app.MapChannels(new ProtocolTypeRouter { Http = new UrlRouter { ["http/"] = Consumer.For<Streams>() } });
        await app.StartAsync();
        using var http = app.GetTestClient();
        using (var answer = new Answer(await http.GetAsync(new Uri("/http/", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead)))
        {
            await app.Services.GetRequiredService<IChannelLayer>().GroupSendAsync("room", new Note("hello"));
            Assert.Equal("data: hello", await answer.EventAsync());
        }

        Assert.Equal("disconnect", await _diary.NextAsync());
    }

    [Fact]
    public void Data_of_one_line_is_one_field() =>
        Assert.Equal("data: tea: 1\n\n", Encoding.UTF8.GetString(EventStream.Event("tea: 1"u8).Span));
}
