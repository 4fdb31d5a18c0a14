using System.Net;
using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChannelsNet;

[MessageType("news.item")]
public sealed record NewsItem(string Text) : Message;

/// <summary>A real Kestrel with the endpoint, whose users are whoever their bearer token says; "publisher…" may publish.</summary>
internal sealed class PublishHost : IAsyncDisposable
{
    private readonly HttpClient _http = new();

    private PublishHost(WebApplication app) => App = app;

    public WebApplication App { get; }

    public IChannelLayer Layer => App.Services.GetRequiredService<IChannelLayer>();

    public Uri Address => new(new Uri(App.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()), "/publish");

    public static WebApplication Build(
        Action<PublishOptions>? publish = null, Action<ChannelLayerOptions>? layer = null, Action<IServiceCollection>? services = null, string environment = "Production")
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddAuthentication("Test").AddScheme<AuthenticationSchemeOptions, TokenIsName>("Test", null);
        builder.Services.AddAuthorizationBuilder().AddPolicy("publish", policy => policy.RequireAssertion(
            context => context.User.Identity?.Name?.StartsWith("publisher", StringComparison.Ordinal) == true).RequireAuthenticatedUser());
        builder.Services.AddChannelLayers(configure: layer).AddMessage<NewsItem>().AddPublish(publish);
        services?.Invoke(builder.Services);
        return builder.Build();
    }

    public static async Task<PublishHost> StartAsync(
        Action<PublishOptions>? publish = null, Action<ChannelLayerOptions>? layer = null, Action<IServiceCollection>? services = null)
    {
        var app = Build(publish, layer, services);
        app.MapChannelsPublish(policy: "publish");
        await app.StartAsync();
        return new PublishHost(app);
    }

    /// <summary>What a request is answered.</summary>
    public async Task<(HttpStatusCode Status, string Body, HttpResponseHeaders Headers)> PostAsync(
        string body, string? key = null, string? user = "publisher", string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address) { Content = new StringContent(body, Encoding.UTF8, contentType) };
        request.Headers.Authorization = user is null ? null : new("Bearer", user);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        using var response = await _http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers);
    }

    /// <summary>A channel of this host that is in a group.</summary>
    public async Task<IChannel> JoinAsync(string group)
    {
        var channel = await Layer.NewChannelAsync();
        await Layer.GroupAddAsync(group, channel.Name);
        return channel;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await App.DisposeAsync();
    }

    private sealed class TokenIsName(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
            AuthenticationHeaderValue.TryParse(Request.Headers.Authorization, out var header)
                ? AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity(ClaimsOf(header.Parameter!), "Test")), "Test"))
                : AuthenticateResult.NoResult());

        /// <summary>A name, perhaps with other claims, and perhaps with their issuer: <c>NAME;sub=ID@ISSUER</c>.</summary>
        private static IEnumerable<Claim> ClaimsOf(string token)
        {
            var parts = token.Split(';');
            yield return new Claim(ClaimTypes.Name, parts[0]);
            foreach (var part in parts[1..])
            {
                var claim = part.Split('=', '@');
                yield return new Claim(claim[0], claim[1], null, claim.ElementAtOrDefault(2));
            }
        }
    }
}
