using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.WebSockets.Limits;

public sealed class GroupLimitTests
{
    private readonly Refused _refused = new();
    private readonly Diary _diary = new();

    private sealed class Joins(Diary diary) : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["first"];

        protected override async Task ReceiveAsync(string text)
        {
            switch (text.Split(' '))
            {
                case ["leave", var group]:
                    await GroupDiscardAsync(group);
                    break;
                case ["try", .. var groups]:
                    try
                    {
                        await Task.WhenAll(groups.Select(GroupAddAsync));
                    }
                    catch (TooManyGroupsException fault)
                    {
                        await SendTextAsync($"only {fault.Limit}");
                        return;
                    }

                    break;
                default:
                    await GroupAddAsync(text);
                    break;
            }

            await SendTextAsync(text);
        }

        public Task HandleAsync(Note message) => SendTextAsync(message.Text);

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    private sealed class InTwo : WebSocketConsumer
    {
        protected internal override IReadOnlyList<string> Groups => ["a", "b"];
    }

    private Task<TestServer> StartAsync() => TestServer.StartAsync(
        app => app.MapChannels(new UrlRouter
        {
            ["ws/"] = Consumer.For<Joins>().WithWebSocketOptions(options => options.MaxGroups = 2),
            ["free/"] = Consumer.For<Joins>(),
            ["two/"] = Consumer.For<InTwo>().WithWebSocketOptions(options => options.MaxGroups = 1),
        }),
        services =>
        {
            services.AddSingleton(_diary);
            _refused.Attach(services);
        });

    private static async Task<string> AnswerAsync(WebSocketClient client, string text)
    {
        await client.SendAsync(text);
        return await client.ReceiveAsync();
    }

    [Fact]
    public async Task One_group_too_many_is_an_exception_and_what_was_joined_stays()
    {
        await using var server = await StartAsync();
        using var client = await server.ConnectAsync();
        Assert.Equal("second", await AnswerAsync(client, "second"));
        Assert.Equal("second", await AnswerAsync(client, "second"));
        Assert.Equal("only 2", await AnswerAsync(client, "try third"));
        await server.Layer.GroupSendAsync("third", new Note("not heard"));
        await server.Layer.GroupSendAsync("second", new Note("heard"));
        Assert.Equal("heard", await client.ReceiveAsync());

        // A place that was left can be taken again, by one of several that come at once.
        Assert.Equal("leave first", await AnswerAsync(client, "leave first"));
        Assert.Equal("leave never", await AnswerAsync(client, "leave never"));
        Assert.Equal("only 2", await AnswerAsync(client, "try third fourth"));
        Assert.Equal("only 2", await AnswerAsync(client, "try fifth"));
        Assert.Equal(3, _refused.Counts.Count(count => count == "max_groups at /ws/"));
        Assert.Single(_refused.Lines);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_join_that_fails_takes_no_place()
    {
        await using var server = await StartAsync();
        using var client = await server.ConnectAsync();
        await client.SendAsync("no name!");
        Assert.StartsWith("close 1011", await client.ReceiveAsync(), StringComparison.Ordinal);
        Assert.Empty(_refused.Counts);
    }

    [Fact]
    public async Task Unhandled_it_closes_with_1008_and_is_no_error()
    {
        await using var server = await StartAsync();
        using var client = await server.ConnectAsync();
        Assert.Equal("second", await AnswerAsync(client, "second"));
        Assert.Equal("close 1008 You may be in 2 groups at once.", await AnswerAsync(client, "third"));
        await client.CloseAsync(1008);
        Assert.Equal("disconnect 1008", await _diary.NextAsync());
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/two/"));
        Assert.Equal(["max_groups at /ws/", "max_groups at /two/"], _refused.Counts);
        Assert.Equal(
            "Information: WebSocket /ws/: 1 refused since the last such line, the last because WebSocketConnectionOptions.MaxGroups is 2", _refused.Lines.First());
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Without_a_limit_there_is_none()
    {
        await using var server = await StartAsync();
        using var client = await server.ConnectAsync("/free/");
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal($"group{i}", await AnswerAsync(client, $"group{i}"));
        }
    }
}
