using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace ChannelsNet.Routing;

/// <summary>
/// A regular expression in a route. For endpoint routing it is a constraint on a parameter that takes the whole rest of the path; what it captures,
/// it puts into the route values.
/// </summary>
internal sealed class RegexRest : IRouteConstraint
{
    /// <summary>The parameter that takes the rest; it is gone once the expression has matched.</summary>
    private const string Rest = "channels-rest";

    private static readonly TimeSpan _longestMatch = TimeSpan.FromSeconds(1);

    private readonly Regex _regex;
    private readonly RoutePattern? _inner;

    /// <param name="expression">As the user wrote it.</param>
    /// <param name="inner">What the rest must match after the expression; null if the expression must match it all.</param>
    /// <exception cref="ArgumentException">The expression is malformed.</exception>
    public RegexRest(string expression, RoutePattern? inner)
    {
        // ECMAScript: \d, \w and \s are ASCII, so that what \d+ captured is a number for everybody.
        _regex = new Regex(inner is null ? $@"\A(?:{expression})\z" : $@"\A(?:{expression})", RegexOptions.ECMAScript, _longestMatch);
        _inner = inner;
    }

    /// <summary>The pattern that matches the expression, and behind it the inner pattern.</summary>
    public static RoutePattern Pattern(string expression, RoutePattern? inner, RouteValueDictionary? defaults) => RoutePatternFactory.Pattern(
        $"{expression}{inner?.RawText}",
        defaults,
        parameterPolicies: null,
        RoutePatternFactory.Segment(RoutePatternFactory.ParameterPart(
            Rest, @default: null, RoutePatternParameterKind.CatchAll, RoutePatternFactory.ParameterPolicy(new RegexRest(expression, inner)))));

    public bool Match(
        HttpContext? httpContext, Microsoft.AspNetCore.Routing.IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
        httpContext is not null && TryMatch(values, httpContext.RequestServices, httpContext);

    public bool TryMatch(RouteValueDictionary values, IServiceProvider services, HttpContext? context)
    {
        var rest = Convert.ToString(values[Rest], CultureInfo.InvariantCulture) ?? "";
        if (Find(rest) is not { } match)
        {
            return false;
        }

        values.Remove(Rest);
        foreach (var name in _regex.GetGroupNames())
        {
            if (!char.IsAsciiDigit(name[0]) && match.Groups[name] is { Success: true } group)
            {
                values[name] = group.Value;
            }
        }

        return _inner is null || TryMatchInner(_inner, rest[match.Length..], values, services, context);
    }

    private static bool TryMatchInner(
        RoutePattern inner, string rest, RouteValueDictionary values, IServiceProvider services, HttpContext? context)
    {
        var more = new RouteValueDictionary();
        if (!PatternMatcher.TryMatch(inner, $"/{rest}", more, services, context))
        {
            return false;
        }

        foreach (var (key, value) in more)
        {
            values[key] = value;
        }

        return true;
    }

    private Match? Find(string rest)
    {
        try
        {
            return _regex.Match(rest) is { Success: true } match ? match : null;
        }
        catch (RegexMatchTimeoutException)
        {
            // A path on which an expression takes so long is not one that it was written for.
            return null;
        }
    }
}
