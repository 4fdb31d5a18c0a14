using System.Net;
using ChannelsNet.Routing;
using Microsoft.AspNetCore.Builder;

namespace ChannelsNet;

public sealed class MiddlewareTests
{
    /// <summary>Adds a word to what the scope says, and refuses those who have the word "no".</summary>
    private sealed class Says(IApplication application, string word) : Middleware(application)
    {
        protected override Task RunAsync(Scope scope, IConnection connection, IApplication next) => scope.RouteValues.Values.Contains("no")
            ? connection.SendAsync(new WebSocketClose()).AsTask()
            : next.RunAsync(scope with { RouteValues = new(scope.RouteValues) { ["said"] = $"{scope.RouteValues["said"]}{word}" } }, connection);
    }

    [Fact]
    public async Task Middleware_passes_on_another_scope_or_answers_itself_from_outside_in()
    {
        var router = new ProtocolTypeRouter
        {
            WebSocket = new Says(new UrlRouter { ["{room}/"] = new Says(new At("room"), "b") }, "a")
                .WithMiddleware((scope, connection, next) => next.RunAsync(scope, connection)),
        };
        Assert.Equal("room room=x,said=ab", await RecordedConnection.RunAsync(router, "/x/"));
        Assert.Equal("close 1000", await RecordedConnection.RunAsync(router, "/no/"));
        Assert.Equal("not found", await RecordedConnection.RunAsync(router, "/x/y/"));
        await using var server = await TestServer.StartAsync(app => app.MapChannels(router));
        using var client = await server.ConnectAsync("/x/");
        Assert.Equal("room room=x,said=ab", await client.ReceiveAsync());
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/no/"));
    }

    [MessageType("test.behind")]
    private sealed record Behind : Message;

    private sealed class Takes : WebSocketConsumer, IHandle<Behind>
    {
        public Task HandleAsync(Behind message) => Task.CompletedTask;
    }

    [Fact]
    public async Task What_is_wrong_behind_middleware_is_told_at_the_start()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(new Says(Consumer.For<Takes>(), "a")));
        Assert.Contains(".AddMessage<Behind>()", fault.Message, StringComparison.Ordinal);
    }
}
