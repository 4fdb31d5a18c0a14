using ChannelsNet;
using ChannelsNet.Hosting;
using ChannelsNet.Messages;
using ChannelsNet.Routing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Builder;

/// <summary>The door of the consumers into the pipeline.</summary>
public static class ChannelsEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps an application, usually a <see cref="ProtocolTypeRouter"/>: each route of it becomes an endpoint of its own, which goes before the
    /// endpoints of pages. A WebSocket that no route takes is answered with 404, and one from a page of another origin with 403
    /// (<see cref="WebSocketConnectionOptions.AllowedOrigins"/>); an HTTP request that no route takes goes on to the host's other endpoints. The attributes
    /// of a consumer's class, such as <c>[Authorize]</c>, are metadata of its endpoint.
    /// </summary>
    /// <returns>
    /// All endpoints, to add conventions to; to the endpoint of one route they are added by <see cref="EndpointApplicationExtensions.WithConventions"/>.
    /// </returns>
    /// <exception cref="InvalidOperationException">Something is missing or wrong; the text names all faults.</exception>
    public static IEndpointConventionBuilder MapChannels(this IEndpointRouteBuilder endpoints, IApplication application)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(application);
        var services = endpoints.ServiceProvider;
        if (services.GetService<MessageTypes>() is null || services.GetService<ConsumerServices>() is null)
        {
            throw new InvalidOperationException(
                "MapChannels needs the services of the channels. Add them before the host is built: builder.Services.AddChannels(builder.Configuration).");
        }

        var mappings = ApplicationRoute.All(application).Select(route => RouteMapping.Create(route, services)).ToArray();
        var faults = mappings.SelectMany(mapping => mapping.Faults(services))
            .Concat(services.GetRequiredService<IOptions<ConnectionLimits>>().Value.Faults())
            .Distinct().ToArray();
        if (faults.Length > 0)
        {
            throw new InvalidOperationException(string.Join(Environment.NewLine, faults));
        }

        return new ChannelsConventionBuilder([.. mappings.Select((mapping, index) => Map(endpoints, mapping, index))]);
    }

    private static IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, RouteMapping mapping, int index)
    {
        var endpoint = endpoints.Map(mapping.Route.Pattern, mapping.Build(endpoints));
        endpoint.Add(builder =>
        {
            // The first route that matches is taken, and a route of these before a page's.
            ((RouteEndpointBuilder)builder).Order = index - short.MaxValue;
            builder.DisplayName = mapping.DisplayName;
            builder.Metadata.Add(new ProtocolMetadata(mapping.Protocol));
            foreach (var metadata in mapping.Metadata)
            {
                builder.Metadata.Add(metadata);
            }
        });
        mapping.AddConventions(endpoint);
        mapping.Route.Conventions?.Invoke(endpoint);
        return endpoint;
    }

    private sealed class ChannelsConventionBuilder(IEndpointConventionBuilder[] endpoints) : IEndpointConventionBuilder
    {
        public void Add(Action<EndpointBuilder> convention)
        {
            foreach (var endpoint in endpoints)
            {
                endpoint.Add(convention);
            }
        }

        public void Finally(Action<EndpointBuilder> finallyConvention)
        {
            foreach (var endpoint in endpoints)
            {
                endpoint.Finally(finallyConvention);
            }
        }
    }
}
