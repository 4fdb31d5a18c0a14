using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace ChannelsNet.Routing;

/// <summary>An application that hands on to others by path.</summary>
internal interface IRouter
{
    /// <summary>The ways through it, in the order in which they are tried.</summary>
    IEnumerable<ApplicationRoute> Routes { get; }
}

/// <summary>An application that has something to say of the endpoints it stands at.</summary>
internal interface IDescribed
{
    /// <summary>Metadata, as ASP.NET Core's middleware looks for.</summary>
    IReadOnlyList<object> Metadata { get; }
}

/// <summary>One way through the routers: the whole pattern from the root, and the application at its end.</summary>
internal sealed record ApplicationRoute(RoutePattern Pattern, IApplication Application)
{
    /// <summary>The type of scope that it serves; null if no router on the way says so.</summary>
    public string? Protocol { get; init; }

    /// <summary>Changes the host's options for its WebSockets, from the outermost router to the application.</summary>
    public Action<WebSocketConnectionOptions>? Configure { get; init; }

    /// <summary>What the application itself says of its endpoint; conventions come after it.</summary>
    public IReadOnlyList<object> Metadata { get; init; } = [];

    /// <summary>Changes the host's options for its HTTP requests, from the outermost router to the application.</summary>
    public Action<HttpConnectionOptions>? ConfigureHttp { get; init; }

    /// <summary>Adds conventions to its endpoint, from the outermost router to the application.</summary>
    public Action<IEndpointConventionBuilder>? Conventions { get; init; }

    /// <summary>Whether a validator stands on the way already, which says what origins may come.</summary>
    public bool HasOriginValidator { get; init; }

    /// <summary>The ways through an application; one that is no router stands at the end of a path.</summary>
    public static IEnumerable<ApplicationRoute> All(IApplication application) =>
        application is IRouter router
            ? router.Routes
            : [new ApplicationRoute(RoutePatternFactory.Parse(""), application) { Metadata = (application as IDescribed)?.Metadata ?? [] }];

    /// <summary>The values that this route captures of the scope's path, beside those of routes before; null if it does not match.</summary>
    public RouteValueDictionary? Match(Scope scope)
    {
        var values = new RouteValueDictionary();
        if (!PatternMatcher.TryMatch(Pattern, scope.Path, values, scope.Services, scope.HttpContext))
        {
            return null;
        }

        foreach (var (key, value) in scope.RouteValues)
        {
            values.TryAdd(key, value);
        }

        return values;
    }
}
