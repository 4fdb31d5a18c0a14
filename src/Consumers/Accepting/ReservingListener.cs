using System.Net;
using Microsoft.AspNetCore.Connections;

namespace ChannelsNet.Accepting;

/// <summary>
/// Accepts connections as Kestrel's own listener does, and closes those whose file descriptor is reserved for the program. It closes one
/// before it accepts the next, so it uses at most one descriptor of the reserve.
/// </summary>
internal sealed class ReservingListener(IConnectionListener inner, DescriptorReserve reserve, AcceptGate gate) : IConnectionListener
{
    public EndPoint EndPoint => inner.EndPoint;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await AcceptAnyAsync(cancellationToken).ConfigureAwait(false) is { } connection)
        {
            if (reserve.Admits(connection))
            {
                return connection;
            }

            connection.Abort(new ConnectionAbortedException("The process has too few file descriptors left."));
            await connection.DisposeAsync().ConfigureAwait(false);
        }

        return null;
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        gate.Dispose();
        return inner.UnbindAsync(cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        gate.Dispose();
        return inner.DisposeAsync();
    }

    private async ValueTask<ConnectionContext?> AcceptAnyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var closed = await gate.OpenAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            using var either = cancellationToken.CanBeCanceled
                ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closed)
                : null;
            try
            {
                return await inner.AcceptAsync(either?.Token ?? closed).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The gate was closed.
            }
        }
    }
}
