using ChannelsNet.Draining;
using ChannelsNet.Http;
using ChannelsNet.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Hosting;

/// <summary>A route for HTTP requests.</summary>
internal sealed class HttpMapping(ApplicationRoute route, IServiceProvider services) : RouteMapping(route, Scope.Http)
{
    private readonly HttpRoute _http = HttpRoute.Create(route, services);

    public override string DisplayName => $"HTTP: {Name} => {Route.Application}";

    protected override IEnumerable<string> OptionFaults => _http.Options.Faults();

    public override RequestDelegate Build(IEndpointRouteBuilder endpoints) => new HttpEndpoint(
        Route.Application, _http, endpoints.ServiceProvider, endpoints.ServiceProvider.GetRequiredService<OpenConnections>()).ServeAsync;
}
