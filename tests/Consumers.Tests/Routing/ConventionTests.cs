using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Routing;

public sealed class ConventionTests
{
    [Fact]
    public async Task Each_route_takes_conventions_of_its_own()
    {
        await using var server = await TestServer.StartAsync(
            app =>
            {
                app.Use((context, next) =>
                {
                    var name = context.Request.Headers["X-Name"].ToString();
                    context.User = new ClaimsPrincipal(new ClaimsIdentity(
                        name.Length > 0 ? [new Claim(ClaimTypes.Name, name)] : [], name.Length > 0 ? "header" : null));
                    return next(context);
                });
                app.UseRouting();
                app.UseAuthorization();
                app.UseRateLimiter();
                app.MapChannels(new ProtocolTypeRouter
                {
                    WebSocket = new UrlRouter
                    {
                        ["open/"] = new At("open"),
                        ["staff/"] = new UrlRouter
                        {
                            ["ada/"] = new At("ada").WithConventions(endpoint => endpoint.RequireAuthorization("ada")),
                            ["any/"] = new At("any"),
                        }.WithConventions(endpoint => endpoint.RequireAuthorization()),
                        ["host/"] = new At("host").WithConventions(endpoint => endpoint.RequireHost("elsewhere.example")),
                        ["once/"] = new At("once").WithConventions(endpoint => endpoint.RequireRateLimiting("once")),
                        ["data/"] = new At("data")
                            .WithMiddleware((scope, connection, next) => next.RunAsync(
                                scope with { RouteValues = new() { ["data"] = scope.HttpContext!.GetEndpoint()!.Metadata.GetMetadata<string>() } }, connection))
                            .WithConventions(endpoint => endpoint.WithMetadata("some words")),
                    },
                });
            },
            services =>
            {
                services.AddAuthentication("none").AddCookie("none", options => options.Events.OnRedirectToLogin = context =>
                {
                    context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                    return Task.CompletedTask;
                });
                services.AddAuthorization(options => options.AddPolicy("ada", policy => policy.RequireUserName("ada")));
                services.AddRateLimiter(options => options.AddFixedWindowLimiter("once", window =>
                {
                    window.PermitLimit = 1;
                    window.Window = TimeSpan.FromHours(1);
                }));
            });
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/open/"));
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/staff/any/"));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/staff/any/", ("X-Name", "bob")));
        Assert.NotEqual(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/staff/ada/", ("X-Name", "bob")));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/staff/ada/", ("X-Name", "ada")));
        Assert.Equal(HttpStatusCode.NotFound, await server.StatusAsync("/host/"));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/host/", ("Host", "elsewhere.example")));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/once/"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await server.StatusAsync("/once/"));
        using var client = await server.ConnectAsync("/data/");
        Assert.Equal("data data=some words", await client.ReceiveAsync());
    }
}
