using System.Net;
using System.Security.Claims;
using ChannelsNet.Routing;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Security;

/// <summary>What ASP.NET Core's conventions say of a route holds for a client that shows a cookie and for one that shows a token.</summary>
public sealed class RouteConventionTests
{
    private static Task<TestServer> StartAsync() => TestServer.StartAsync(
        app =>
        {
            app.UseRouting();
            app.UseAuthentication();
            app.UseAuthorization();
            app.UseRateLimiter();
            app.MapGet("/sign-in/{name}/{role}/", (HttpContext context, string name, string role) => context.SignInAsync("cookie", new ClaimsPrincipal(
                new ClaimsIdentity([new Claim("name", name), new Claim("role", role), new Claim(ClaimTypes.NameIdentifier, name)], "test", "name", "role"))));
            app.MapChannels(new UrlRouter
            {
                ["users/"] = new At("users").WithConventions(endpoint => endpoint.RequireAuthorization()),
                ["staff/"] = new UrlRouter { ["{x}/"] = new At("staff") }.WithConventions(endpoint => endpoint.RequireAuthorization("staff")),
                ["host/"] = new At("host").WithConventions(endpoint => endpoint.RequireHost("elsewhere.example").RequireAuthorization()),
                ["once/"] = new At("once").WithConventions(endpoint => endpoint.RequireRateLimiting("once of each user")),
                ["data/"] = new At("data")
                    .WithMiddleware((scope, connection, next) => next.RunAsync(
                        scope with
                        {
                            RouteValues = new() { ["data"] = scope.HttpContext!.GetEndpoint()!.Metadata.GetMetadata<string>(), ["user"] = scope.User.Identity?.Name },
                        },
                        connection))
                    .WithConventions(endpoint => endpoint.WithMetadata("some words")),
            });
        },
        services =>
        {
            Tokens.Accept(services);
            services.AddDataProtection().UseEphemeralDataProtectionProvider();
            services.AddAuthentication("either").AddCookie("cookie").AddPolicyScheme("either", null, options =>
                options.ForwardDefaultSelector = context => context.Request.Headers.Authorization.Count > 0 ? "Bearer" : "cookie");
            services.AddAuthorizationBuilder().AddPolicy("staff", policy => policy.RequireAssertion(context =>
                context.User.HasClaim(claim => claim.Value == "staff")));
            services.AddRateLimiter(options =>
            {
                options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
                options.AddPolicy("once of each user", context => System.Threading.RateLimiting.RateLimitPartition.GetFixedWindowLimiter(
                    context.User.Identity?.Name,
                    _ => new() { PermitLimit = 1, Window = TimeSpan.FromHours(1) }));
            });
        });

    private static async Task<(string Name, string Value)> SignInAsync(TestServer server, string scheme, string user, string role)
    {
        if (scheme == "bearer")
        {
            return Tokens.Header(user, role);
        }

        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var response = await http.GetAsync(new Uri($"{server.Address}/sign-in/{user}/{role}/"));
        return ("Cookie", Assert.Single(response.Headers.GetValues("Set-Cookie")).Split(';')[0]);
    }

    [Theory]
    [InlineData("cookie")]
    [InlineData("bearer")]
    public async Task Each_route_asks_for_what_its_conventions_say(string scheme)
    {
        await using var server = await StartAsync();
        var ada = await SignInAsync(server, scheme, "ada", "staff");
        var bob = await SignInAsync(server, scheme, "bob", "guest");
        (string, string) elsewhere = ("Host", "elsewhere.example");
        foreach (var (path, headers, status) in new (string, (string, string)[], HttpStatusCode)[]
        {
            // With cookies too this is no redirect to a page to sign in at.
            ("/users/", [], HttpStatusCode.Unauthorized),
            ("/users/", [bob], HttpStatusCode.SwitchingProtocols),
            ("/staff/x/", [], HttpStatusCode.Unauthorized),
            ("/staff/x/", [bob], HttpStatusCode.Forbidden),
            ("/staff/x/", [ada], HttpStatusCode.SwitchingProtocols),
            ("/host/", [ada], HttpStatusCode.NotFound),
            ("/host/", [elsewhere], HttpStatusCode.Unauthorized),
            ("/host/", [elsewhere, ada], HttpStatusCode.SwitchingProtocols),
            ("/once/", [ada], HttpStatusCode.SwitchingProtocols),
            ("/once/", [ada], HttpStatusCode.TooManyRequests),
            ("/once/", [bob], HttpStatusCode.SwitchingProtocols),
        })
        {
            Assert.Equal((path, headers.Length, status), (path, headers.Length, await server.StatusAsync(path, headers)));
        }

        using var client = await server.ConnectAsync("/data/", options => options.SetRequestHeader(ada.Name, ada.Value));
        Assert.Equal("data data=some words,user=ada", await client.ReceiveAsync());
        Assert.Empty(server.Errors);
    }

    /// <summary>Says who it serves.</summary>
    private sealed class WhoAmI : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => SendTextAsync($"\"{Scope.User.Identity?.Name}\" {Scope.User.Identity?.IsAuthenticated}");
    }

    // CH-256: the user is there before the consumer is, and is never null.
    [Fact]
    public async Task Without_authentication_the_user_is_nobody()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<WhoAmI>());
        using var client = await server.ConnectAsync();
        await client.SendAsync("who?");
        Assert.Equal("\"\" False", await client.ReceiveAsync());
    }
}
