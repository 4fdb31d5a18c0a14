using ChannelsNet.Routing;
using ChannelsNet.Running;

namespace ChannelsNet;

/// <summary>
/// Stands before an application: looks at each connection and passes it on, with another scope if it likes, or answers it itself. One object serves
/// all connections, so it keeps nothing of them.
/// </summary>
/// <remarks>Before a router it stands before each of the router's routes: what no route takes does not come to it.</remarks>
/// <param name="application">What it stands before: a consumer, a router or further middleware.</param>
/// <example>
/// <code>
/// public sealed class OnlyInSummer(IApplication application) : Middleware(application)
/// {
///     protected override Task RunAsync(Scope scope, IConnection connection, IApplication next) =>
///         IsSummer() ? next.RunAsync(scope, connection) : connection.SendAsync(new WebSocketClose()).AsTask();
/// }
/// </code>
/// </example>
public abstract class Middleware(IApplication application) : IApplication, IRouter, IChannelRouter
{
    private readonly IApplication _application = application ?? throw new ArgumentNullException(nameof(application));

    /// <inheritdoc/>
    public Task RunAsync(Scope scope, IConnection connection) => RunAsync(scope, connection, _application);

    IEnumerable<ApplicationRoute> IRouter.Routes => ApplicationRoute.All(_application).Select(Through);

    IReadOnlyCollection<string> IChannelRouter.Channels => ChannelRoute.Channels(_application);

    IApplication? IChannelRouter.Find(string channel) => ChannelRoute.End(_application, channel) is { } next ? new Before(this, next) : null;

    /// <summary>Serves one connection, usually by <paramref name="next"/>.</summary>
    /// <param name="scope">What is known of the connection.</param>
    /// <param name="connection">What comes from the client and goes to it.</param>
    /// <param name="next">What it stands before on the way of this connection.</param>
    protected abstract Task RunAsync(Scope scope, IConnection connection, IApplication next);

    private protected virtual ApplicationRoute Through(ApplicationRoute route) => route with { Application = new Before(this, route.Application) };

    private sealed class Before(Middleware middleware, IApplication next) : IApplication, ICheckedAtStart
    {
        public Task RunAsync(Scope scope, IConnection connection) => middleware.RunAsync(scope, connection, next);

        public IEnumerable<string> Faults(IServiceProvider services) => (next as ICheckedAtStart)?.Faults(services) ?? [];

        public string? Protocol => (next as ICheckedAtStart)?.Protocol;

        public override string ToString() => next.ToString()!;
    }
}

/// <summary>Middleware in place.</summary>
public static class MiddlewareApplicationExtensions
{
    /// <summary>Puts middleware before an application, or before all behind one router; <see cref="Middleware"/> for short cases.</summary>
    /// <param name="application">A consumer or a router.</param>
    /// <param name="middleware">Gets the scope, the connection and what comes next.</param>
    /// <example>
    /// <code>
    /// router.WithMiddleware((scope, connection, next) =>
    ///     next.RunAsync(scope with { Items = scope.Items.SetItem("shop", "tea") }, connection))
    /// </code>
    /// </example>
    public static IApplication WithMiddleware(this IApplication application, Func<Scope, IConnection, IApplication, Task> middleware)
    {
        ArgumentNullException.ThrowIfNull(middleware);
        return new InlineMiddleware(application, middleware);
    }

    private sealed class InlineMiddleware(IApplication application, Func<Scope, IConnection, IApplication, Task> middleware) : Middleware(application)
    {
        protected override Task RunAsync(Scope scope, IConnection connection, IApplication next) => middleware(scope, connection, next);
    }
}
