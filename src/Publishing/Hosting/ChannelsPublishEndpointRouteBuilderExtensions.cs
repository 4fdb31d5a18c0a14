using System.Diagnostics.CodeAnalysis;
using ChannelsNet;
using ChannelsNet.Messages;
using ChannelsNet.Requests;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Builder;

/// <summary>The door of publishing over HTTP into the routes.</summary>
public static class ChannelsPublishEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Lets programs send messages by POST: <c>{"group": "news", "message": {"type": "news.item", "text": "…"}}</c>, with <c>"channel"</c> instead of
    /// <c>"group"</c> for one channel, or an array of those, which are sent in their order.
    /// </summary>
    /// <remarks>
    /// All sent: 200 with <c>{"sent": 1}</c>. Otherwise a problem (RFC 9457) whose <c>errors</c> say which message and why: 400, 413 or 415 for a request with
    /// faults and 403 for names that may not be published to, of which nothing was sent; 503 or 413 where the layer did not take all, and <c>sent</c> says how
    /// many it took. With an <c>Idempotency-Key</c> a repeat within <see cref="PublishOptions.IdempotencyWindow"/> gets the first answer and sends nothing.
    /// </remarks>
    /// <param name="endpoints">The routes of the host.</param>
    /// <param name="pattern">The route. Default: <c>/publish</c>.</param>
    /// <param name="policy">The authorization policy that says who may publish. Only in the environment Development may there be none.</param>
    /// <returns>The endpoint, for conventions such as <c>RequireRateLimiting</c>.</returns>
    /// <exception cref="InvalidOperationException">
    /// There is no policy outside Development, or none of that name; <c>AddPublish</c> is missing; or options are wrong. All faults are told at once.
    /// </exception>
    public static IEndpointConventionBuilder MapChannelsPublish(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern = "/publish", string? policy = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        var services = endpoints.ServiceProvider;
        if (services.GetService<PublishMeter>() is not { } meter)
        {
            throw new InvalidOperationException(
                "MapChannelsPublish needs its services. Add them before the host is built: builder.Services.AddChannels(builder.Configuration).AddPublish().");
        }

        var options = services.GetRequiredService<IOptions<PublishOptions>>().Value;
        string?[] faults = [.. options.Faults(), PolicyFault(policy, services), LayerFault(options.Layer, services)];
        if (faults.OfType<string>().ToArray() is { Length: > 0 } told)
        {
            throw new InvalidOperationException(string.Join(Environment.NewLine, told));
        }

        var endpoint = endpoints.MapPost(pattern, new PublishEndpoint(
            options.Layer is null ? services.GetRequiredService<IChannelLayer>() : services.GetRequiredKeyedService<IChannelLayer>(options.Layer),
            options,
            new PublicationReader(options, services.GetRequiredService<MessageTypes>()),
            new RememberedAnswers(services.GetRequiredService<HybridCache>(), pattern, options.IdempotencyWindow),
            meter).ServeAsync);
        return policy is null ? endpoint : endpoint.RequireAuthorization(policy);
    }

    private static string? PolicyFault(string? policy, IServiceProvider services)
    {
        const string Add = "builder.Services.AddAuthorizationBuilder().AddPolicy(\"publish\", policy => …)";
        if (policy is null)
        {
            var environment = services.GetRequiredService<IHostEnvironment>();
            return environment.IsDevelopment() ? null
                : $"MapChannelsPublish has no policy, and this is \"{environment.EnvironmentName}\": anybody could send anything to anyone. Write "
                    + $"MapChannelsPublish(policy: \"publish\") and {Add}.";
        }

        // The framework's own provider knows at once; one that must ask elsewhere is asked at the first request, which fails closed.
        return services.GetService<IAuthorizationPolicyProvider>()?.GetPolicyAsync(policy) is { } found && (!found.IsCompletedSuccessfully || found.Result is not null)
            ? null
            : $"MapChannelsPublish is to ask the policy \"{policy}\", which does not exist. Add it: {Add.Replace("publish", policy, StringComparison.Ordinal)}.";
    }

    private static string? LayerFault(string? layer, IServiceProvider services) =>
        layer is null || services.GetRequiredService<IServiceProviderIsKeyedService>().IsKeyedService(typeof(IChannelLayer), layer)
            ? null
            : $"{nameof(PublishOptions)}.{nameof(PublishOptions.Layer)} is \"{layer}\", which does not exist. Add ChannelLayers:{layer} to the configuration.";
}
