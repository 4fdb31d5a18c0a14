using ChannelsNet.Draining;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ChannelsNet.Hosting;

/// <summary>Unhealthy from the moment in which the host begins to stop: it takes no new connections.</summary>
internal sealed class DrainHealthCheck(OpenConnections connections) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(connections.IsDraining
            ? HealthCheckResult.Unhealthy("The host stops, and takes no new connections.")
            : HealthCheckResult.Healthy());
}
