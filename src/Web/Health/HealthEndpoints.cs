using Microsoft.AspNetCore.Diagnostics.HealthChecks;

namespace ChannelsNet.Health;

/// <summary>What an orchestrator asks.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this WebApplication app)
    {
        // Alive as long as it answers; a lost Redis is no reason to restart a node.
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
        app.MapHealthChecks("/health/ready");
    }
}
