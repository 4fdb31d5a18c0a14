using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using IRouter = ChannelsNet.Routing.IRouter;

namespace ChannelsNet;

/// <summary>
/// Finds the application for a path by ASP.NET Core's route templates, such as <c>chat/{room}/</c> or <c>order/{id:int}</c>, and by regular
/// expressions. Routes are tried in the order in which they were added, and the first that matches is taken. A router can stand in a router,
/// also behind middleware: it gets what follows the outer template, and what it has no route for goes on in the outer one. What no route takes
/// is answered with 404.
/// </summary>
/// <example>
/// <code>
/// new UrlRouter
/// {
///     ["msg/"] = Consumer.For&lt;ClockConsumer&gt;(),
///     ["chat/{room}/"] = Consumer.For&lt;ChatConsumer&gt;(),
/// }.AddPattern("order/(?&lt;id&gt;[0-9]+)/", Consumer.For&lt;OrderConsumer&gt;())
/// </code>
/// </example>
public sealed class UrlRouter : IApplication, IRouter
{
    private readonly List<Route> _routes = [];

    /// <summary>Adds a route.</summary>
    /// <exception cref="ArgumentException">The template is malformed, or has been added before.</exception>
    [SuppressMessage("Design", "CA1044:Properties should not be write only", Justification = "It is there for the initializer; routes are looked up by a path, not by a template.")]
    public IApplication this[[StringSyntax("Route")] string template]
    {
        set => Add(template, value);
    }

    /// <summary>Adds a route with values that its scope has beside those that are captured.</summary>
    /// <param name="template">A route template of ASP.NET Core. It takes no heed of case, nor of a slash at the end.</param>
    /// <param name="application">What serves the path.</param>
    /// <param name="defaults">Route values for what the template does not capture. Default: none.</param>
    /// <returns>This router.</returns>
    /// <exception cref="ArgumentException">The template is malformed, or has been added before.</exception>
    public UrlRouter Add([StringSyntax("Route")] string template, IApplication application, RouteValueDictionary? defaults = null)
    {
        ArgumentNullException.ThrowIfNull(application);
        var pattern = Parse(template, defaults);
        return Add(new Route(pattern.RawText!, application, StringComparison.OrdinalIgnoreCase, inner => RoutePatternFactory.Combine(pattern, inner)));
    }

    /// <summary>Adds a route by a regular expression, for what no template can say.</summary>
    /// <param name="expression">
    /// What the path must be, without its leading slash, from its first character to its last; before a router, how the path must begin. It is anchored
    /// already: <c>^</c>, <c>$</c> and <c>\z</c> are not needed, and a line break after a <c>$</c> does not match. Case and the slash at the end count,
    /// and <c>\d</c> and <c>\w</c> are ASCII (<see cref="System.Text.RegularExpressions.RegexOptions.ECMAScript"/>). Named groups become route values,
    /// as text; those without a name do not.
    /// </param>
    /// <param name="application">What serves the path.</param>
    /// <param name="defaults">Route values for what the expression does not capture. Default: none.</param>
    /// <returns>This router.</returns>
    /// <exception cref="ArgumentException">The expression is malformed, or has been added before.</exception>
    public UrlRouter AddPattern(
        [StringSyntax(StringSyntaxAttribute.Regex)] string expression, IApplication application, RouteValueDictionary? defaults = null)
    {
        ArgumentNullException.ThrowIfNull(expression);
        ArgumentNullException.ThrowIfNull(application);
        var inner = application is IRouter;
        try
        {
            _ = new RegexRest(expression, inner: null);
        }
        catch (ArgumentException fault)
        {
            throw new ArgumentException($"\"{expression}\" is no regular expression: {fault.Message}", nameof(expression), fault);
        }

        return Add(new Route(
            expression, application, StringComparison.Ordinal, rest => RegexRest.Pattern(expression, inner ? rest : null, defaults)));
    }

    /// <inheritdoc/>
    public async Task RunAsync(Scope scope, IConnection connection)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(connection);
        foreach (var route in ((IRouter)this).Routes)
        {
            if (route.Match(scope) is { } values)
            {
                await route.Application.RunAsync(scope with { RouteValues = values, Path = "/" }, connection).ConfigureAwait(false);
                return;
            }
        }

        await connection.SendAsync(new Refusal(StatusCodes.Status404NotFound)).ConfigureAwait(false);
    }

    IEnumerable<ApplicationRoute> IRouter.Routes =>
        from route in _routes
        from inner in ApplicationRoute.All(route.Application)
        select inner with { Pattern = route.Before(inner.Pattern) };

    private UrlRouter Add(Route route)
    {
        if (_routes.Exists(other => other.Case == route.Case && string.Equals(other.Text, route.Text, route.Case)))
        {
            throw new ArgumentException($"The route \"{route.Text}\" is there already, so this one would never be taken.", nameof(route));
        }

        _routes.Add(route);
        return this;
    }

    private static RoutePattern Parse(string template, RouteValueDictionary? defaults)
    {
        try
        {
            return RoutePatternFactory.Parse(template, defaults, parameterPolicies: null);
        }
        catch (Exception fault) when (fault is RoutePatternException or InvalidOperationException)
        {
            throw new ArgumentException($"\"{template}\" is no route template: {fault.Message}", nameof(template), fault);
        }
    }

    /// <param name="Text">What the user wrote.</param>
    /// <param name="Application">What serves the path.</param>
    /// <param name="Case">Whether case counts: it does in expressions.</param>
    /// <param name="Before">The whole pattern, from the pattern of what stands behind this route.</param>
    private sealed record Route(string Text, IApplication Application, StringComparison Case, Func<RoutePattern, RoutePattern> Before);
}
