using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Cors;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Security;

/// <summary>What stands on a consumer's class says who may come, as it does on a controller or a hub.</summary>
public sealed class AttributeTests
{
    [Authorize(Roles = "staff")]
    private class ForStaff : WebSocketConsumer;

    private sealed class DerivedFromForStaff : ForStaff;

    [AllowAnonymous]
    private sealed class ForAllAfterAll : ForStaff;

    [EnableRateLimiting("one")]
    private sealed class ForOne : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync(text);
    }

    [EnableCors("pages")]
    private sealed class ForPages : WebSocketConsumer;

    private sealed class Open : WebSocketConsumer;

    private sealed class Passes(IApplication application) : Middleware(application)
    {
        protected override Task RunAsync(Scope scope, IConnection connection, IApplication next) => next.RunAsync(scope, connection);
    }

    private static Task<TestServer> StartAsync(IApplication application) => TestServer.StartAsync(
        app =>
        {
            app.UseRouting();
            app.UseAuthentication();
            app.UseAuthorization();
            app.UseRateLimiter();
            app.UseCors();
            app.MapChannels(application);
        },
        services =>
        {
            Tokens.Accept(services);
            services.AddCors();
            services.AddRateLimiter(options =>
            {
                options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
                options.AddConcurrencyLimiter("one", limiter => limiter.PermitLimit = 1);
            });
        });

    [Fact]
    public async Task Authorize_holds_behind_routers_and_middleware_and_is_inherited()
    {
        await using var server = await StartAsync(new ProtocolTypeRouter
        {
            WebSocket = new Passes(new UrlRouter
            {
                ["plain/"] = Consumer.For<ForStaff>(),
                ["derived/"] = Consumer.For<DerivedFromForStaff>(),
                ["nested/"] = new Passes(new UrlRouter { ["{x}/"] = new Passes(Consumer.For<ForStaff>()) }),
                ["wrapped/"] = Consumer.For<ForStaff>().WithWebSocketOptions(_ => { }).WithConventions(_ => { }).WithMiddleware((s, c, n) => n.RunAsync(s, c)),
                ["conventional/"] = Consumer.For<ForStaff>().WithConventions(endpoint => endpoint.RequireAuthorization(policy => policy.RequireUserName("ada"))),
                ["all/"] = Consumer.For<ForAllAfterAll>(),
                ["open/"] = Consumer.For<Open>(),
            }.AddPattern("expression/[0-9]+/", Consumer.For<ForStaff>())),
        });
        foreach (var path in new[] { "/plain/", "/derived/", "/nested/x/", "/wrapped/", "/conventional/", "/expression/7/" })
        {
            Assert.Equal((path, HttpStatusCode.Unauthorized), (path, await server.StatusAsync(path)));
            Assert.Equal((path, HttpStatusCode.Forbidden), (path, await server.StatusAsync(path, Tokens.Header("ada"))));
            Assert.Equal((path, HttpStatusCode.SwitchingProtocols), (path, await server.StatusAsync(path, Tokens.Header("ada", "staff"))));
        }

        // What the attribute and the convention ask for must both be there.
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/conventional/", Tokens.Header("bob", "staff")));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/all/"));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/open/"));
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Of_the_streams_on_one_websocket_the_strictest_says_who_may_come()
    {
        await using var server = await StartAsync(new UrlRouter
        {
            ["ws/"] = new Multiplexer { ["staff"] = Consumer.For<ForStaff>(), ["all"] = Consumer.For<ForAllAfterAll>() },
        });
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/ws/"));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/ws/", Tokens.Header("ada")));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/ws/", Tokens.Header("ada", "staff")));
    }

    [Fact]
    public async Task A_concurrency_limit_holds_for_as_long_as_the_websocket_does()
    {
        await using var server = await StartAsync(new UrlRouter { ["one/"] = Consumer.For<ForOne>(), ["open/"] = Consumer.For<Open>() });
        using var client = await server.ConnectAsync("/one/");
        Assert.Equal(HttpStatusCode.TooManyRequests, await server.StatusAsync("/one/"));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/open/"));
        await client.SendAsync("still there");
        Assert.Equal("still there", await client.ReceiveAsync());
    }

    [Fact]
    public async Task Every_attribute_is_metadata_before_that_of_conventions()
    {
        await using var server = await StartAsync(new UrlRouter
        {
            ["pages/"] = Consumer.For<ForPages>().WithConventions(endpoint => endpoint.RequireCors("others").WithMetadata("some words")),
        });
        var endpoint = Assert.Single(server.App.Services.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints);
        Assert.Equal(["pages", "others"], endpoint.Metadata.GetOrderedMetadata<IEnableCorsAttribute>().Select(attribute => attribute.PolicyName));
        Assert.Equal("some words", endpoint.Metadata.GetMetadata<string>());
    }

    /// <summary>An application of somebody's own, of which nobody can know what stands behind it.</summary>
    private sealed class Hides(IApplication application) : IApplication
    {
        public Task RunAsync(Scope scope, IConnection connection) => application.RunAsync(scope, connection);
    }

    [Fact]
    public async Task An_attribute_that_would_do_nothing_opens_nothing()
    {
        await using var server = await StartAsync(new UrlRouter { ["hidden/"] = new Hides(Consumer.For<ForStaff>()), ["open/"] = new Hides(Consumer.For<Open>()) });
        Assert.Equal(HttpStatusCode.InternalServerError, await server.StatusAsync("/hidden/", Tokens.Header("ada", "staff")));
        Assert.Contains(server.Errors, error => error.Contains("ForStaff has [AuthorizeAttribute], and its endpoint", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/open/"));
    }
}
