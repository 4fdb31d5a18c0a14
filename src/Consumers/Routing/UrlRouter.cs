using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace ChannelsNet;

/// <summary>
/// Finds the application for a path by ASP.NET Core's route templates, such as <c>chat/{room}/</c> or <c>order/{id:int}</c>. Routes
/// are tried in the order in which they were added, and the first that matches is taken. A router can stand in a router: it gets
/// what follows the outer template.
/// </summary>
/// <example>
/// <code>
/// new UrlRouter
/// {
///     ["msg/"] = Consumer.For&lt;ClockConsumer&gt;(),
///     ["chat/{room}/"] = Consumer.For&lt;ChatConsumer&gt;(),
/// }
/// </code>
/// </example>
public sealed class UrlRouter : IApplication, IRouter
{
    private readonly List<(RoutePattern Pattern, IApplication Application)> _routes = [];

    /// <summary>Adds a route.</summary>
    /// <exception cref="ArgumentException">The template is malformed, or has been added before.</exception>
    [SuppressMessage("Design", "CA1044:Properties should not be write only", Justification = "It is there for the initializer; routes are looked up by a path, not by a template.")]
    public IApplication this[[StringSyntax("Route")] string template]
    {
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            var pattern = Parse(template);
            if (_routes.Exists(route => string.Equals(route.Pattern.RawText, pattern.RawText, StringComparison.OrdinalIgnoreCase)))
            {
                throw new ArgumentException($"The route \"{template}\" is there already, so this one would never be taken.", nameof(template));
            }

            _routes.Add((pattern, value));
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">No route matches.</exception>
    public Task RunAsync(Scope scope, IConnection connection)
    {
        ArgumentNullException.ThrowIfNull(scope);
        foreach (var route in ((IRouter)this).Routes)
        {
            if (route.Match(scope) is { } values)
            {
                return route.Application.RunAsync(scope with { RouteValues = values, Path = "/" }, connection);
            }
        }

        throw new InvalidOperationException($"No route of this router matches the path \"{scope.Path}\".");
    }

    IEnumerable<ApplicationRoute> IRouter.Routes =>
        from route in _routes
        from inner in ApplicationRoute.All(route.Application)
        select inner with { Pattern = RoutePatternFactory.Combine(route.Pattern, inner.Pattern) };

    private static RoutePattern Parse(string template)
    {
        try
        {
            return RoutePatternFactory.Parse(template);
        }
        catch (RoutePatternException fault)
        {
            throw new ArgumentException($"\"{template}\" is no route template: {fault.Message}", nameof(template), fault);
        }
    }
}
