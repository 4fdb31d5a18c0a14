namespace ChannelsNet.Routing;

/// <summary>An application whose endpoints are made differently, and which runs as it would without.</summary>
internal sealed class ChangedRoutes(IApplication application, Func<ApplicationRoute, ApplicationRoute> change) : IApplication, IRouter
{
    public IEnumerable<ApplicationRoute> Routes => ApplicationRoute.All(application).Select(change);

    public Task RunAsync(Scope scope, IConnection connection) => application.RunAsync(scope, connection);
}
