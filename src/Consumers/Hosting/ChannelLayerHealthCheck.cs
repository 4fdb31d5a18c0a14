using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ChannelsNet.Hosting;

/// <summary>Degraded while a connection of the layer to its back-end is away: this node goes on serving, the others may not hear it.</summary>
internal sealed class ChannelLayerHealthCheck(IChannelLayerStatus status, string layer) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(status.State == ChannelLayerState.Connected
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded($"Channel layer \"{layer}\" is not connected to all its servers."));
}
