using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Accepting;

/// <summary>Raises the limit before the server starts, and checks what it has room for.</summary>
internal sealed class DescriptorReserveService(DescriptorReserve reserve, ILogger<DescriptorReserve> logger) : IHostedLifecycleService
{
    /// <summary>A server with room for fewer WebSockets than this was probably given a limit by mistake.</summary>
    private const int FewWebSockets = 1000;

    /// <exception cref="InvalidOperationException">The reserve is as large as the limit.</exception>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        if (reserve.Parts is not null)
        {
            FileDescriptorLimit.Raise();
        }

        return reserve.Parts is { Connections: <= 0 } parts
            ? throw new InvalidOperationException(
                $"{nameof(ConnectionLimits)}.{nameof(ConnectionLimits.ReservedFileDescriptors)} is {parts.Reserved}; "
                + $"expected less than {parts.Limit}, which is what the process may open (RLIMIT_NOFILE).")
            : Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (reserve is { IsInUse: true, Parts: { } parts })
        {
            switch (parts.WebSockets - FileDescriptorLimit.CountBelow(parts.WebSockets))
            {
                case <= 0:
                    DescriptorLog.LimitIsTooLow(logger, parts.Limit, parts.Reserved);
                    break;

                case < FewWebSockets and var room:
                    DescriptorLog.LimitIsLow(logger, parts.Limit, room);
                    break;
            }
        }

        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
