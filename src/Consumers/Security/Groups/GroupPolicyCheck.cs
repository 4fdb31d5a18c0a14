using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Hosting;

namespace ChannelsNet.Security.Groups;

/// <summary>Stops the host from starting when a policy of a group does not exist: a client's first join would be too late to tell.</summary>
internal sealed class GroupPolicyCheck(IEnumerable<GroupPolicy> policies, IAuthorizationPolicyProvider provider) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var faults = new List<string>();
        foreach (var policy in policies)
        {
            if (await provider.GetPolicyAsync(policy.Policy).ConfigureAwait(false) is null)
            {
                faults.Add(
                    $"AddGroupPolicy(\"{policy.Groups}\", \"{policy.Policy}\"): there is no policy \"{policy.Policy}\". Add it: "
                    + $"builder.Services.AddAuthorizationBuilder().AddPolicy(\"{policy.Policy}\", policy => …).");
            }
        }

        if (faults.Count > 0)
        {
            throw new InvalidOperationException(string.Join(Environment.NewLine, faults));
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
