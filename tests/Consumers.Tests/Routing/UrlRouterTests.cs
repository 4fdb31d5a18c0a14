using System.Net;
using Microsoft.AspNetCore.Builder;

namespace ChannelsNet.Routing;

/// <summary>Each path goes through a server's endpoints and through the router alone: both must say the same.</summary>
public sealed class UrlRouterTests : IAsyncLifetime
{
    private static readonly UrlRouter _router = new UrlRouter
    {
        ["int/{id:int}/"] = new At("int"),
        ["uuid/{id:guid}/"] = new At("uuid"),
        ["path/{**rest}"] = new At("path"),
        [@"slug/{x:regex(^[-\w]+$)}/"] = new At("slug"),
        ["page/{number=1}/"] = new At("page"),
        ["nested/"] = new UrlRouter { ["{room}/{id:int}/"] = new At("inner") },
        ["nested/{room}/{**rest}"] = new At("outer"),
        ["wrapped/"] = new UrlRouter { ["{id:int}/"] = new At("wrapped") }
            .WithMiddleware((scope, connection, next) => next.RunAsync(scope, connection))
            .WithWebSocketOptions(options => options.MaxMessageSize = 10)
            .WithConventions(endpoint => endpoint.WithDisplayName("wrapped")),
        ["both/"] = new UrlRouter().AddPattern("[0-9]+/", new UrlRouter { ["x/{y:int}/"] = new At("both") }.AddPattern("(?<z>[a-z]+)", new At("letters"))),
    }
        .Add("kind/", new At("kind"), new() { ["kind"] = "big" })
        .AddPattern("room/(?<id>[0-9]+)/", new At("room"))
        .AddPattern("room/(?<name>[a-z]+)/(?<more>x)?", new At("named room"), new() { ["more"] = "none", ["kind"] = "big" })
        .AddPattern(@"^digits/(\d+)/$", new At("digits"))
        .AddPattern("a|ab", new At("alternatives"))
        .AddPattern("(?<year>[0-9]{4})/", new UrlRouter { ["{month:int}/"] = new At("month"), ["{**rest}"] = new At("year") });

    private TestServer _server = null!;

    public async Task InitializeAsync() =>
        _server = await TestServer.StartAsync(app => app.MapChannels(new ProtocolTypeRouter { WebSocket = _router }));

    public Task DisposeAsync() => _server.DisposeAsync().AsTask();

    // CH-210, CH-211, CH-214
    [Theory]
    [InlineData("/int/-5/", "int id=-5")]
    [InlineData("/uuid/0d9b5f2e-9a53-4a6e-8b2a-2b8f6a6f8e10/", "uuid id=0d9b5f2e-9a53-4a6e-8b2a-2b8f6a6f8e10")]
    [InlineData("/path/x/y/z", "path rest=x/y/z")]
    [InlineData("/slug/a-b_1/", "slug x=a-b_1")]
    [InlineData("/page/", "page number=1")]
    [InlineData("/page/7/", "page number=7")]
    [InlineData("/kind/", "kind kind=big")]
    [InlineData("/kind", "kind kind=big")]
    [InlineData("/KIND/", "kind kind=big")]
    public async Task A_template_captures_and_takes_no_heed_of_case_and_the_last_slash(string path, string expected) => await BothSayAsync(path, expected);

    // CH-208, CH-209
    [Theory]
    [InlineData("/room/7/", "room id=7")]
    [InlineData("/room/tea/", "named room kind=big,more=none,name=tea")]
    [InlineData("/room/tea/x", "named room kind=big,more=x,name=tea")]
    [InlineData("/digits/12/", "digits")]
    [InlineData("/ab", "alternatives")]
    public async Task An_expression_captures_its_named_groups_and_defaults_stand_in(string path, string expected) => await BothSayAsync(path, expected);

    // CH-211, CH-222
    [Theory]
    [InlineData("/room/7")]
    [InlineData("/room/7/x")]
    [InlineData("/ROOM/7/")]
    [InlineData("/xroom/7/")]
    [InlineData("/digits/1%0A/")]
    [InlineData("/digits/12/%0A")]
    [InlineData("/digits/%D9%A1/")]
    [InlineData("/int/x/")]
    [InlineData("/uuid/zz/")]
    [InlineData("/wrapped/x/")]
    [InlineData("/nothing/")]
    [InlineData("/slug/a.b/")]
    [InlineData("///kind/")]
    public async Task What_no_route_takes_is_a_404(string path)
    {
        Assert.Equal(HttpStatusCode.NotFound, await _server.StatusAsync(path));
        Assert.Equal("not found", await RecordedConnection.RunAsync(_router, Uri.UnescapeDataString(path)));
        Assert.Empty(_server.Errors);
    }

    // CH-215, CH-218
    [Theory]
    [InlineData("/nested/blue/7/", "inner id=7,room=blue")]
    [InlineData("/nested/blue/x/", "outer rest=x/,room=blue")]
    [InlineData("/2012/3/", "month month=3,year=2012")]
    [InlineData("/2012/x/", "year rest=x/,year=2012")]
    [InlineData("/both/7/x/8/", "both y=8")]
    [InlineData("/both/7/abc", "letters z=abc")]
    public async Task What_an_inner_router_has_no_route_for_goes_on_in_the_outer_one(string path, string expected) => await BothSayAsync(path, expected);

    [Fact]
    public async Task A_router_behind_middleware_and_options_gets_the_rest_of_the_path() => await BothSayAsync("/wrapped/7/", "wrapped id=7");

    [Fact]
    public void An_expression_that_is_malformed_or_there_already_is_refused()
    {
        var malformed = string.Concat("a", "(");
        Assert.Contains("\"a(\"", Assert.Throws<ArgumentException>(() => new UrlRouter().AddPattern(malformed, new At("x"))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new UrlRouter().AddPattern("a/", new At("x")).AddPattern("a/", new At("y")));
    }

    [Fact]
    public async Task A_name_that_two_templates_of_one_route_capture_is_refused_at_the_start()
    {
        var fault = await Assert.ThrowsAnyAsync<Exception>(() => TestServer.StartAsync(
            app => app.MapChannels(new UrlRouter { ["{room}/"] = new UrlRouter { ["{room}/"] = new At("x") } })));
        Assert.Contains("room", fault.Message, StringComparison.Ordinal);
    }

    private sealed class NoRouteOfMyOwnException : Exception;

    [Fact]
    public async Task What_an_application_throws_is_its_own_and_no_other_route_runs()
    {
        var router = new UrlRouter
        {
            ["a/"] = new UrlRouter { ["{x}/"] = new At("never").WithMiddleware((_, _, _) => throw new NoRouteOfMyOwnException()) },
            ["a/{**rest}"] = new At("next"),
        };
        await Assert.ThrowsAsync<NoRouteOfMyOwnException>(() => RecordedConnection.RunAsync(router, "/a/b/"));
        await using var server = await TestServer.StartAsync(app => app.MapChannels(router));
        Assert.Equal(HttpStatusCode.InternalServerError, await server.StatusAsync("/a/b/"));
    }

    [Fact]
    public async Task An_expression_that_takes_too_long_does_not_match()
    {
        var router = new UrlRouter().AddPattern("(a+)+b", new At("x"));
        Assert.Equal("not found", await RecordedConnection.RunAsync(router, "/" + new string('a', 60)));
    }

    // CH-219
    [Theory]
    [InlineData("/root/msg/", 101)]
    [InlineData("/root/order/7/", 101)]
    [InlineData("/rootmsg/", 404)]
    public async Task A_path_base_is_cut_off_at_a_segment(string path, int status)
    {
        await using var server = await TestServer.StartAsync(app =>
        {
            app.UsePathBase("/root");
            app.UseRouting();
            app.MapChannels(new UrlRouter { ["msg/"] = new At("msg") }.AddPattern("order/[0-9]+/", new At("order")));
        });
        Assert.Equal(status, (int)await server.StatusAsync(path));
    }

    [Fact]
    public async Task A_protocol_without_an_application_is_told()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => RecordedConnection.RunAsync(
            new ProtocolTypeRouter { WebSocket = new At("x") }, "/", scope => scope with { Type = "ftp" }));
        Assert.Contains("\"ftp\"", fault.Message, StringComparison.Ordinal);
    }

    // CH-206
    [Fact]
    public async Task A_worker_finds_its_application_by_the_name_of_the_channel()
    {
        var router = new ProtocolTypeRouter { Channel = new ChannelNameRouter { ["thumbnails"] = new At("thumbnails"), ["mails"] = new At("mails") } };
        Task<string> RunAsync(string? channel) =>
            RecordedConnection.RunAsync(router, "/", scope => scope with { Type = Scope.Worker, Channel = channel });
        Assert.Equal("mails", await RunAsync("mails"));
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync("mail"));
        Assert.Contains("\"mail\"", fault.Message, StringComparison.Ordinal);
        Assert.Contains("\"mails\", \"thumbnails\"", fault.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(null));
        var twice = new ChannelNameRouter { ["a"] = new At("x") };
        Assert.Throws<ArgumentException>(() => twice["a"] = new At("y"));
    }

    private async Task BothSayAsync(string path, string expected)
    {
        using var client = await _server.ConnectAsync(path);
        Assert.Equal(expected, await client.ReceiveAsync());
        Assert.Equal(expected, await RecordedConnection.RunAsync(_router, path));
    }
}
