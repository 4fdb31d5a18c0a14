using ChannelsNet.Draining;
using ChannelsNet.Routing;
using ChannelsNet.WebSockets;
using ChannelsNet.WebSockets.Limits;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Hosting;

/// <summary>A route for WebSockets: with the framework's handshake before it, and a look at the origin.</summary>
internal sealed class WebSocketMapping(ApplicationRoute route, IServiceProvider services) : RouteMapping(route, Scope.WebSocket)
{
    private readonly WebSocketRoute _webSockets = WebSocketRoute.Create(route, services);

    public override IEnumerable<object> Metadata => [_webSockets, .. base.Metadata];

    public override string DisplayName => $"WebSocket: {Name} => {Route.Application}";

    protected override IEnumerable<string> OptionFaults => _webSockets.Options.Faults();

    public override RequestDelegate Build(IEndpointRouteBuilder endpoints)
    {
        var services = endpoints.ServiceProvider;
        var pipeline = endpoints.CreateApplicationBuilder();
        pipeline.Use((context, next) =>
        {
            WebSocketUpgrade.Install(context);
            return next(context);
        });
        pipeline.UseWebSockets();
        var application = Route.HasOriginValidator ? Route.Application : new OriginValidator(Route.Application, _webSockets.Options.AllowedOrigins);
        pipeline.Run(new WebSocketEndpoint(
            application, _webSockets, services.GetRequiredService<ConnectionPlaces>(), services, services.GetRequiredService<OpenConnections>()).ServeAsync);
        return pipeline.Build();
    }

    /// <summary>A page to sign in at would be no answer to who asks for a WebSocket.</summary>
    public override void AddConventions(IEndpointConventionBuilder endpoint) => endpoint.DisableCookieRedirect();
}
