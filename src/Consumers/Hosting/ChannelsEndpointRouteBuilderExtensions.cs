using ChannelsNet;
using ChannelsNet.Draining;
using ChannelsNet.Hosting;
using ChannelsNet.Messages;
using ChannelsNet.Routing;
using ChannelsNet.Running;
using ChannelsNet.WebSockets;
using ChannelsNet.WebSockets.Limits;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Builder;

/// <summary>The door of the consumers into the pipeline.</summary>
public static class ChannelsEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps an application, usually a <see cref="ProtocolTypeRouter"/>: each route of it becomes an endpoint of its own. A WebSocket
    /// that no route takes is answered with 404, and one from a page of another origin with 403
    /// (<see cref="WebSocketConnectionOptions.AllowedOrigins"/>). The attributes of a consumer's class, such as <c>[Authorize]</c>, are metadata of its
    /// endpoint.
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

        var routes = ApplicationRoute.All(application).Select(route => (Route: route, WebSockets: WebSocketRoute.Create(route, services))).ToArray();
        var faults = routes.Select(pair => pair.Route.Application).Distinct().OfType<ICheckedAtStart>()
            .SelectMany(checkable => checkable.Faults(services))
            .Concat(routes.SelectMany(pair => pair.WebSockets.Options.Faults().Select(fault => $"{pair.WebSockets.Name}: {fault}")))
            .Concat(services.GetRequiredService<IOptions<ConnectionLimits>>().Value.Faults())
            .Distinct().ToArray();
        if (faults.Length > 0)
        {
            throw new InvalidOperationException(string.Join(Environment.NewLine, faults));
        }

        return new ChannelsConventionBuilder([.. routes.Select((pair, index) => Map(endpoints, pair.Route, pair.WebSockets, index))]);
    }

    private static IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, ApplicationRoute route, WebSocketRoute webSockets, int index)
    {
        var services = endpoints.ServiceProvider;
        var pipeline = endpoints.CreateApplicationBuilder();
        pipeline.Use((context, next) =>
        {
            WebSocketUpgrade.Install(context);
            return next(context);
        });
        pipeline.UseWebSockets();
        var application = route.HasOriginValidator ? route.Application : new OriginValidator(route.Application, webSockets.Options.AllowedOrigins);
        pipeline.Run(new WebSocketEndpoint(
            application, webSockets, services.GetRequiredService<ConnectionPlaces>(), services, services.GetRequiredService<OpenConnections>()).ServeAsync);
        var endpoint = endpoints.Map(route.Pattern, pipeline.Build());
        endpoint.Add(builder =>
        {
            // The first route that matches is taken, and a WebSocket's route before a page's.
            ((RouteEndpointBuilder)builder).Order = index - short.MaxValue;
            builder.DisplayName = $"WebSocket: {webSockets.Name} => {route.Application}";
            builder.Metadata.Add(new WebSocketEndpointMetadata());
            builder.Metadata.Add(webSockets);
            foreach (var metadata in route.Metadata)
            {
                builder.Metadata.Add(metadata);
            }
        });

        // A page to sign in at would be no answer to who asks for a WebSocket.
        endpoint.DisableCookieRedirect();
        route.Conventions?.Invoke(endpoint);
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
