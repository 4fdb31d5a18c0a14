using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Routing;

/// <summary>An application that hands on to others by path.</summary>
internal interface IRouter
{
    /// <summary>The ways through it, in the order in which they are tried.</summary>
    IEnumerable<ApplicationRoute> Routes { get; }
}

/// <summary>One way through the routers: the whole pattern from the root, and the application at its end.</summary>
internal sealed record ApplicationRoute(RoutePattern Pattern, IApplication Application)
{
    /// <summary>Changes the host's options for its WebSockets, from the outermost router to the application.</summary>
    public Action<WebSocketConnectionOptions>? Configure { get; init; }

    /// <summary>The ways through an application; one that is no router takes every path that is left.</summary>
    public static IEnumerable<ApplicationRoute> All(IApplication application) =>
        application is IRouter router ? router.Routes : [new ApplicationRoute(RoutePatternFactory.Parse(""), application)];

    /// <summary>The values that this route captures of the scope's path, beside those of routes before; null if it does not match.</summary>
    public RouteValueDictionary? Match(Scope scope)
    {
        var values = new RouteValueDictionary();
        if (!new TemplateMatcher(new RouteTemplate(Pattern), new RouteValueDictionary(Pattern.Defaults)).TryMatch(scope.Path, values)
            || !Pattern.Parameters.All(parameter => Fits(parameter, values, scope)))
        {
            return null;
        }

        foreach (var (key, value) in scope.RouteValues)
        {
            values.TryAdd(key, value);
        }

        return values;
    }

    private static bool Fits(RoutePatternParameterPart parameter, RouteValueDictionary values, Scope scope) =>
        parameter.ParameterPolicies.All(reference =>
            scope.Services.GetRequiredService<ParameterPolicyFactory>().Create(parameter, reference) is not IRouteConstraint constraint
            || constraint.Match(scope.HttpContext, route: null, parameter.Name, values, RouteDirection.IncomingRequest));
}
