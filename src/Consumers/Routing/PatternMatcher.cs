using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Routing;

/// <summary>Matches where ASP.NET Core's endpoint routing does not: outside a server, and behind a regular expression.</summary>
internal static class PatternMatcher
{
    public static bool TryMatch(RoutePattern pattern, PathString path, RouteValueDictionary values, IServiceProvider services, HttpContext? context) =>
        new TemplateMatcher(new RouteTemplate(pattern), new RouteValueDictionary(pattern.Defaults)).TryMatch(path, values)
        && pattern.Parameters.All(parameter => parameter.ParameterPolicies.All(reference => Fits(parameter, reference, values, services, context)));

    private static bool Fits(
        RoutePatternParameterPart parameter,
        RoutePatternParameterPolicyReference reference,
        RouteValueDictionary values,
        IServiceProvider services,
        HttpContext? context) =>
        reference.ParameterPolicy is RegexRest rest
            ? rest.TryMatch(values, services, context)
            : services.GetRequiredService<ParameterPolicyFactory>().Create(parameter, reference) is not IRouteConstraint constraint
                || constraint.Match(context, route: null, parameter.Name, values, RouteDirection.IncomingRequest);
}
