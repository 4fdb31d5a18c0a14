using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Security;

/// <summary>Cookies are ASP.NET Core's; they go with the request and with the answer of the handshake, and not after it.</summary>
public sealed class CookieTests
{
    private sealed class Counts : WebSocketConsumer
    {
        private IRequestCookieCollection Cookies => Scope.HttpContext!.Request.Cookies;

        protected override async Task ConnectAsync()
        {
            Scope.HttpContext!.Response.Cookies.Append("seen", "yes", new CookieOptions { SameSite = SameSiteMode.Strict });
            await base.ConnectAsync();
            await SendTextAsync(string.Join(",", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}").Order()));
        }
    }

    // CH-242, CH-243
    [Fact]
    public async Task A_cookie_can_be_set_with_the_handshake()
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Counts>());
        using var client = await RawClient.ConnectAsync(server);
        Assert.Contains("Set-Cookie: seen=yes; path=/; samesite=strict\r\n", client.Answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "text")] // CH-245
    [InlineData("Cookie: a=1; b=2\r\n", "text a=1,b=2")]
    [InlineData("Cookie: a=1\r\nCOOKIE: b=2\r\n", "text a=1,b=2")] // CH-244
    public async Task All_cookies_are_read_however_many_headers_they_come_in(string headers, string expected)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<Counts>());
        using var client = await RawClient.ConnectAsync(server, headers: headers);
        Assert.Equal(expected, await client.NextAsync());
    }

    private sealed class SignsIn : WebSocketConsumer
    {
        protected override async Task ConnectAsync()
        {
            await SignInAsync();
            await AcceptAsync();
        }

        protected override async Task ReceiveAsync(string text)
        {
            try
            {
                await SignInAsync();
            }
            catch (InvalidOperationException)
            {
                await SendTextAsync("too late");
            }
        }

        private Task SignInAsync() => Scope.HttpContext!.SignInAsync(new ClaimsPrincipal(new ClaimsIdentity([new Claim("name", "ada")], "test", "name", null)));
    }

    // CH-252
    [Fact]
    public async Task Signing_in_is_for_requests_and_works_in_a_websocket_before_it_is_accepted()
    {
        await using var server = await TestServer.StartAsync(
            app =>
            {
                app.UseAuthentication();
                app.MapChannels(new UrlRouter { ["ws/"] = Consumer.For<SignsIn>() });
            },
            services =>
            {
                services.AddAuthentication("cookie").AddCookie("cookie");
                services.AddDataProtection().UseEphemeralDataProtectionProvider();
            });
        using var client = await RawClient.ConnectAsync(server);
        Assert.Contains("Set-Cookie: .AspNetCore.cookie=", client.Answer, StringComparison.Ordinal);
        await client.WriteFrameAsync(0x81, "again");
        Assert.Equal("text too late", await client.NextAsync());
    }
}
