using ChannelsNet.Routing;
using ChannelsNet.Security;
using ChannelsNet.Telemetry;
using ChannelsNet.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet;

/// <summary>
/// Refuses a WebSocket with 403 if a page of an origin that is not allowed asks for it: a browser lets any page open a WebSocket to any server, with
/// the user's cookies. <c>MapChannels</c> puts one before every route by itself, with <see cref="WebSocketConnectionOptions.AllowedOrigins"/>; before
/// routes that have one of their own it puts none.
/// </summary>
/// <remarks>
/// <para>
/// A request without an <c>Origin</c> header is admitted, with a list too: every browser sends the header and no page can change it, while a program
/// that is no browser could send any. Who may come as such is a question of authentication.
/// </para>
/// <para>
/// Without a list the origin must be that of the request's <c>Host</c>, port included, and over TLS it must be https. Behind a proxy that does not pass
/// the client's <c>Host</c> on, but <c>X-Forwarded-Host</c>, use <c>UseForwardedHeaders</c>.
/// </para>
/// </remarks>
public sealed class OriginValidator : Middleware
{
    private readonly OriginPattern[] _patterns;

    /// <summary>Puts it before an application.</summary>
    /// <param name="application">A consumer or a router.</param>
    /// <param name="allowedOrigins">
    /// As in <see cref="WebSocketConnectionOptions.AllowedOrigins"/>; none for the origin that the request is made to.
    /// </param>
    /// <exception cref="ArgumentException">Entries can never match; the text says what to write.</exception>
    public OriginValidator(IApplication application, params IEnumerable<string> allowedOrigins)
        : base(application)
    {
        ArgumentNullException.ThrowIfNull(allowedOrigins);
        var patterns = new List<OriginPattern>();
        var faults = new List<string>();
        foreach (var text in allowedOrigins)
        {
            if (OriginPattern.TryParse(text, out var pattern, out var fault))
            {
                patterns.Add(pattern);
            }
            else
            {
                faults.Add(fault);
            }
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, faults), nameof(allowedOrigins));
        }

        _patterns = [.. patterns];
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The scope is not that of a WebSocket.</exception>
    protected override Task RunAsync(Scope scope, IConnection connection, IApplication next)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(next);
        if (scope.Type != Scope.WebSocket)
        {
            throw new InvalidOperationException(
                $"An {nameof(OriginValidator)} stands before \"{scope.Type}\". Expected \"{Scope.WebSocket}\": only WebSockets have an origin to look at.");
        }

        return Refusal(scope) is { } reason ? RefuseAsync(scope, connection, reason) : next.RunAsync(scope, connection);
    }

    private protected override ApplicationRoute Through(ApplicationRoute route) => base.Through(route) with { HasOriginValidator = true };

    /// <summary>Why the client must stay outside; null if it may come in.</summary>
    private string? Refusal(Scope scope)
    {
        var header = scope.Header(HeaderNames.Origin);
        if (header.Count == 0 || _patterns.Any(pattern => pattern.IsAny))
        {
            return null;
        }

        if (header.Count > 1 || !Origin.TryParse(header.ToString(), out var origin))
        {
            return "which is no origin of a site";
        }

        if (_patterns.Length > 0)
        {
            return _patterns.Any(pattern => pattern.Matches(origin)) ? null : $"which is none of {nameof(WebSocketConnectionOptions.AllowedOrigins)}";
        }

        var isSame = origin.IsWeb
            && (origin.Scheme == "https" || scope.HttpContext is not { Request.IsHttps: true })
            && Origin.TryParse($"{origin.Scheme}://{scope.Header(HeaderNames.Host)}", out var own)
            && origin == own;
        return isSame
            ? null
            : $"and the request was made to \"{scope.Header(HeaderNames.Host)}\". If the site is yours, add it to "
                + $"{nameof(WebSocketConnectionOptions)}.{nameof(WebSocketConnectionOptions.AllowedOrigins)}; behind a proxy use UseForwardedHeaders";
    }

    private static Task RefuseAsync(Scope scope, IConnection connection, string reason)
    {
        scope.Services.GetService<RefusedOrigins>()?.Log(scope.HttpContext?.Request.Path ?? scope.Path, scope.Headers.Origin.ToString(), reason);
        var route = scope.HttpContext?.GetEndpoint()?.Metadata.GetMetadata<WebSocketRoute>()?.Name ?? "";
        scope.Services.GetService<RefusedClients>()?.Count(RefusalReason.Origin, route);
        return connection.SendAsync(new WebSocketClose { IsCounted = true }).AsTask();
    }
}
