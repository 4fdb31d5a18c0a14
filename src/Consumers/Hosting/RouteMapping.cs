using ChannelsNet.Routing;
using ChannelsNet.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ChannelsNet.Hosting;

/// <summary>How one route becomes an endpoint. What differs by protocol is in the classes that derive from it.</summary>
internal abstract class RouteMapping(ApplicationRoute route, string protocol)
{
    public ApplicationRoute Route => route;

    /// <summary>The type of scope that the endpoint serves.</summary>
    public string Protocol => protocol;

    /// <summary>The pattern, such as <c>/chat/{room}/</c>.</summary>
    public string Name => $"/{route.Pattern.RawText}";

    /// <summary>The metadata of the endpoint.</summary>
    public virtual IEnumerable<object> Metadata => route.Metadata;

    /// <summary>What the endpoint is called.</summary>
    public abstract string DisplayName { get; }

    /// <summary>Every fault of the options for this route, a sentence each.</summary>
    protected abstract IEnumerable<string> OptionFaults { get; }

    /// <summary>Every fault of this route, a sentence each.</summary>
    public IEnumerable<string> Faults(IServiceProvider services)
    {
        if (route.Application is ICheckedAtStart checkable)
        {
            if (checkable.Protocol is { } expected && expected != protocol)
            {
                yield return $"{Name}: {checkable} serves \"{expected}\" and is routed as \"{protocol}\". Route it under "
                    + $"{nameof(ProtocolTypeRouter)}.{(expected == Scope.Http ? nameof(ProtocolTypeRouter.Http) : nameof(ProtocolTypeRouter.WebSocket))}.";
            }

            foreach (var fault in checkable.Faults(services))
            {
                yield return fault;
            }
        }

        foreach (var fault in OptionFaults)
        {
            yield return $"{Name}: {fault}";
        }
    }

    /// <summary>Adds what every endpoint of this protocol has, before what the route says.</summary>
    public virtual void AddConventions(IEndpointConventionBuilder endpoint)
    {
    }

    /// <summary>What serves the requests.</summary>
    public abstract RequestDelegate Build(IEndpointRouteBuilder endpoints);

    public static RouteMapping Create(ApplicationRoute route, IServiceProvider services) =>
        route.Protocol == Scope.Http ? new HttpMapping(route, services) : new WebSocketMapping(route, services);
}
