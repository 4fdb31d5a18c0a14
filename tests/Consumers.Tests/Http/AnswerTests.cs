using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace ChannelsNet.Http;

/// <summary>A request that is answered while it is handled.</summary>
public sealed class AnswerTests
{
    private readonly Diary _diary = new();

    private sealed class Echo : HttpConsumer
    {
        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => RespondAsync(
            200, body, Scope.Headers.ContentType.ToString(), new HeaderDictionary { ["X-Method"] = Scope.Method });
    }

    // CH-194
    [Fact]
    public async Task What_is_posted_is_answered_with_the_body_and_the_headers_that_the_consumer_sends()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Echo>());
        using var client = new Client(server);
        using var answer = await client.SendAsync(HttpMethod.Post, content: new StringContent("""{"tea":1}""", Encoding.UTF8, "application/json"));
        Assert.Equal(200, answer.Status);
        Assert.Equal("application/json; charset=utf-8", answer.ContentType);
        Assert.Equal("POST", answer.Header("X-Method"));
        Assert.Equal(9, answer.ContentLength);
        Assert.Equal("""{"tea":1}""", await answer.TextAsync());
        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    [InlineData("PROPFIND")]
    public async Task Any_method_comes_to_the_consumer(string method)
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Echo>());
        using var client = new Client(server);
        using var answer = await client.SendAsync(new HttpMethod(method));
        Assert.Equal((200, method), (answer.Status, answer.Header("X-Method")));
        Assert.Equal(0, answer.ContentLength);
    }

    private sealed class Counts(Diary diary) : HttpConsumer
    {
        private int _requests;

        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => RespondAsync(200, $"{++_requests}");

        protected override Task DisconnectAsync()
        {
            diary.Note("disconnect");
            return Task.CompletedTask;
        }
    }

    // CH-196, CH-198
    [Fact]
    public async Task Each_request_has_a_consumer_of_its_own_whose_end_is_told_once()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Counts>(), _diary);
        using var client = new Client(server);
        for (var i = 0; i < 3; i++)
        {
            using var answer = await client.GetAsync();
            Assert.Equal("1", await answer.TextAsync());
            Assert.Equal("disconnect", await _diary.NextAsync());
        }

        var local = server.Local;
        Assert.Equal((0, 0), (local.ChannelCount, local.GroupCount));
        await server.App.StopAsync();
        Assert.True(_diary.IsEmpty);
    }

    private sealed class Fails(Diary diary) : HttpConsumer
    {
        protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            if (Scope.Query.ContainsKey("late"))
            {
                await StartAsync();
                await SendPartAsync("a part");
                diary.Note("begun");
                await Task.Yield();
            }

            throw new InvalidOperationException("thrown by the handler");
        }

        protected override Task DisconnectAsync()
        {
            diary.Note("disconnect");
            return Task.CompletedTask;
        }
    }

    // CH-197
    [Fact]
    public async Task A_handler_that_throws_answers_500_with_one_log_line_and_one_end()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Fails>(), _diary);
        using var client = new Client(server);
        using var answer = await client.GetAsync();
        Assert.Equal(500, answer.Status);
        Assert.Equal("disconnect", await _diary.NextAsync());
        await server.App.StopAsync();
        Assert.Equal(["Fails failed; its http connection is closed thrown by the handler"], server.Errors);
        Assert.True(_diary.IsEmpty);
    }

    [Fact]
    public async Task A_handler_that_throws_when_the_answer_has_begun_breaks_it_off()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Fails>(), _diary);
        using var client = new Client(server);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var answer = await client.GetAsync("/http/?late");
            await answer.TextAsync();
        });
        Assert.Equal("begun", await _diary.NextAsync());
        Assert.Equal("disconnect", await _diary.NextAsync());
        await server.App.StopAsync();
        Assert.Single(server.Errors);
        Assert.True(_diary.IsEmpty);
    }

    private sealed class Says : HttpConsumer
    {
        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => RespondAsync(
            404, "häh 😀", headers: new HeaderDictionary { ["Set-Cookie"] = new StringValues(["a=1", "b=2"]), ["X-One"] = "1" });
    }

    // CH-199: the compiler takes nothing but bytes for bytes. CH-200: a name with several values.
    [Fact]
    public async Task Text_goes_out_as_utf8_and_a_header_can_have_several_values()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Says>());
        using var client = new Client(server);
        using var answer = await client.GetAsync();
        Assert.Equal(404, answer.Status);
        Assert.Equal("text/plain; charset=utf-8", answer.ContentType);
        Assert.Equal("häh 😀", await answer.TextAsync());
        Assert.Equal("a=1|b=2", answer.Header("Set-Cookie"));
        Assert.Equal("1", answer.Header("X-One"));
    }

    private sealed class SaysJson : HttpConsumer
    {
        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => RespondJsonAsync(new { RoomName = "tea", Count = 1 }, 201);
    }

    [Fact]
    public async Task A_value_goes_out_as_json_by_the_options_of_the_host()
    {
        await using var server = await HttpServer.StartAsync(
            Consumer.For<SaysJson>(), services => services.ConfigureHttpJsonOptions(options => options.SerializerOptions.WriteIndented = true));
        using var client = new Client(server);
        using var answer = await client.GetAsync();
        Assert.Equal((201, "application/json; charset=utf-8"), (answer.Status, answer.ContentType));
        Assert.Equal("""
            {
              "roomName": "tea",
              "count": 1
            }
            """, await answer.TextAsync());
    }

    private sealed class Silent(Diary diary) : HttpConsumer
    {
        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => Scope.Query.ContainsKey("start") ? StartAsync() : Task.CompletedTask;

        protected override Task DisconnectAsync()
        {
            diary.Note("disconnect");
            return Task.CompletedTask;
        }
    }

    // CH-203
    [Theory]
    [InlineData("/http/")]
    [InlineData("/http/?start")]
    public async Task Who_ends_without_an_answer_that_could_still_come_answers_500_and_the_log_says_what_to_write(string path)
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Silent>(), _diary);
        using var client = new Client(server);
        using var answer = await client.GetAsync(path);
        Assert.Equal(500, answer.Status);
        Assert.Equal("disconnect", await _diary.NextAsync());
        var error = Assert.Single(server.Errors);
        Assert.Contains("RespondAsync", error, StringComparison.Ordinal);
        Assert.Contains("IHandle<", error, StringComparison.Ordinal);
    }

    private sealed class Parts : HttpConsumer
    {
        protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            await StartAsync(202, new HeaderDictionary { ["Content-Type"] = "text/plain", ["X-Parts"] = "2" });
            await SendPartAsync("one and "u8.ToArray());
            await SendPartAsync("two");
            await FinishAsync();
        }
    }

    // CH-204
    [Fact]
    public async Task Parts_and_an_empty_last_one_come_as_one_body()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Parts>());
        using var client = new Client(server);
        using var answer = await client.GetAsync();
        Assert.Equal((202, "text/plain", "2"), (answer.Status, answer.ContentType, answer.Header("X-Parts")));
        Assert.Equal("chunked", answer.Header("Transfer-Encoding"));
        Assert.Equal("one and two", await answer.TextAsync());
        Assert.Empty(server.Errors);
    }

    private sealed class BreaksRules : HttpConsumer
    {
        protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            var broken = await Assert.ThrowsAsync<InvalidOperationException>(() => Scope.Query["rule"].ToString() switch
            {
                "body before start" => SendPartAsync("early"),
                "two starts" => TwiceAsync(() => StartAsync(201)),
                "answers twice" => TwiceAsync(() => RespondAsync(201)),
                "body after the end" => ThenAsync(RespondAsync(201), () => SendPartAsync("late")),
                "no status" => SendAsync(new HttpResponseStart(0)),
                "status of an upgrade" => RespondAsync(101),
                "refused by a success" => SendAsync(new Refusal(200)),
                "body of none" => RespondAsync(204, "but a body"),
                "event of something else" => ThenAsync(StartAsync(), () => SendEventAsync("late")),
                "another protocol" => SendAsync(new WebSocketClose()),
                var rule => throw new ArgumentException(rule),
            });
            await (Scope.Query["rule"].ToString() is "answers twice" or "body after the end"
                ? Task.CompletedTask
                : SendAsync(new Refusal(400, broken.Message)));
        }

        private static async Task TwiceAsync(Func<Task> act)
        {
            await act();
            await act();
        }

        private static async Task ThenAsync(Task first, Func<Task> second)
        {
            await first;
            await second();
        }
    }

    // CH-204
    [Theory]
    [InlineData("body before start", "Send a HttpResponseStart")]
    [InlineData("two starts", "has begun already, with the status 201. Answer each request once.")]
    [InlineData("no status", "0 is no status of a response. Expected 200 to 599")]
    [InlineData("status of an upgrade", "101 is no status of a response. Expected 200 to 599")]
    [InlineData("refused by a success", "200 is no status of a refusal. Expected 400 to 599")]
    [InlineData("body of none", "A response with the status 204 has no body, but one of 10 bytes is to be sent.")]
    [InlineData("event of something else", "Begin it by StartEventsAsync")]
    [InlineData("another protocol", "can't do a WebSocketClose. Expected HttpResponseStart")]
    public async Task A_rule_that_is_broken_is_told_and_the_client_can_still_be_refused(string rule, string message)
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<BreaksRules>());
        using var client = new Client(server);
        using var answer = await client.GetAsync($"/http/?rule={rule}");
        Assert.Contains(message, await answer.TextAsync(), StringComparison.Ordinal);
        Assert.Equal(400, answer.Status);
        Assert.Empty(server.Errors);
    }

    // CH-204
    [Theory]
    [InlineData("answers twice")]
    [InlineData("body after the end")]
    public async Task What_comes_after_the_end_of_the_answer_is_an_error_and_the_client_has_the_first_one(string rule)
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<BreaksRules>());
        using var client = new Client(server);
        using var answer = await client.GetAsync($"/http/?rule={rule}");
        Assert.Equal((201, ""), (answer.Status, await answer.TextAsync()));
        Assert.Empty(server.Errors);
    }

    private sealed class BadHeader : HttpConsumer
    {
        protected override Task HandleAsync(ReadOnlyMemory<byte> body) => RespondAsync(
            200, "never seen", headers: new HeaderDictionary { ["X-Good"] = "1", ["X-Bad"] = "two\r\nlines" });
    }

    [Fact]
    public async Task An_answer_with_a_header_that_can_not_be_is_none_of_it_but_a_500()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<BadHeader>());
        using var client = new Client(server);
        using var answer = await client.GetAsync();
        Assert.Equal((500, "", null, ""), (answer.Status, await answer.TextAsync(), answer.ContentType, answer.Header("X-Good")));
        Assert.Single(server.Errors);
    }

    private sealed class GoesOn(Diary diary) : HttpConsumer
    {
        protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
        {
            await RespondAsync(200, "done");
            Assert.Equal("the client has it", await diary.NextAsync());
            Assert.False(Scope.Aborted.IsCancellationRequested);
        }
    }

    [Fact]
    public async Task The_client_has_the_answer_at_once_while_the_consumer_goes_on()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<GoesOn>(), _diary);
        using var client = new Client(server);
        using var answer = await client.GetAsync();
        Assert.Equal("done", await answer.TextAsync());
        _diary.Note("the client has it");
        await server.App.StopAsync();
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Who_asks_for_the_head_gets_it_without_the_body()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Says>());
        using var client = new Client(server);
        using var answer = await client.SendAsync(HttpMethod.Head);
        Assert.Equal((404, "text/plain; charset=utf-8", 9), (answer.Status, answer.ContentType, answer.ContentLength));
        Assert.Equal("", await answer.TextAsync());
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task The_head_of_an_answer_in_parts_comes_with_the_first_of_them()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<Parts>());
        using var client = new Client(server);
        using var answer = await client.SendAsync(HttpMethod.Head);
        Assert.Equal((202, "2", ""), (answer.Status, answer.Header("X-Parts"), await answer.TextAsync()));
        await server.App.StopAsync();
        Assert.Empty(server.Errors);
    }
}
