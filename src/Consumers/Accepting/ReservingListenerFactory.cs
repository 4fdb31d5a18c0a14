using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Accepting;

/// <summary>
/// Puts a <see cref="ReservingListener"/> around Kestrel's socket transport, and around no other transport: Kestrel asks the factory that
/// was registered last first, so this one leaves an endpoint to the others if they would not bind it with sockets.
/// </summary>
internal sealed class ReservingListenerFactory(IServiceProvider services, DescriptorReserve reserve, TimeProvider time, ILogger<DescriptorReserve> logger)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    // Kestrel registers its socket transport only if there is no other, so it does not if this factory was registered first.
    private readonly SocketTransportFactory _sockets = ActivatorUtilities.CreateInstance<SocketTransportFactory>(services);

    public bool CanBind(EndPoint endpoint)
    {
        var other = services.GetServices<IConnectionListenerFactory>().Where(factory => factory != this)
            .LastOrDefault(factory => factory is not IConnectionListenerFactorySelector selector || selector.CanBind(endpoint));
        return other is SocketTransportFactory || (other is null && _sockets.CanBind(endpoint));
    }

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var listener = await _sockets.BindAsync(endpoint, cancellationToken).ConfigureAwait(false);
        if (reserve.Parts is null)
        {
            return listener;
        }

        reserve.IsInUse = true;
        return new ReservingListener(listener, reserve, new AcceptGate(FileDescriptorLimit.IsReached, reserve.RecordExhaustion, time, logger));
    }
}
