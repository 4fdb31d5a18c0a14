using ChannelsNet.Routing;
using Microsoft.AspNetCore.Builder;

namespace ChannelsNet;

/// <summary>Conventions of endpoints for a part of the routes.</summary>
public static class EndpointApplicationExtensions
{
    /// <summary>
    /// Adds conventions of ASP.NET Core, such as a policy of authorization, to the endpoint of one application, or to all behind one router. Those for
    /// all endpoints are added to what <see cref="ChannelsEndpointRouteBuilderExtensions.MapChannels"/> returns.
    /// </summary>
    /// <param name="application">A consumer or a router.</param>
    /// <param name="configure">Gets the endpoint.</param>
    /// <remarks>They are at work where <c>MapChannels</c> has made endpoints, not where an application is run without a server.</remarks>
    /// <example>
    /// <code>
    /// ["staff/"] = Consumer.For&lt;StaffConsumer&gt;().WithConventions(endpoint => endpoint.RequireAuthorization("staff")),
    /// </code>
    /// </example>
    public static IApplication WithConventions(this IApplication application, Action<IEndpointConventionBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(application);
        ArgumentNullException.ThrowIfNull(configure);
        return new ChangedRoutes(application, route => route with { Conventions = configure + route.Conventions });
    }
}
