using ChannelsNet.Telemetry;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Security.Groups;

/// <summary>Stands before the groups that one connection joins: by the policies of the groups, and by how many it may be in.</summary>
internal sealed class GroupGate(Scope scope, GroupPolicy[] policies, int? most, RefusedClients refused, string route)
{
    /// <summary>What counts, if there is a limit. Its own lock, for a handler may join several at once.</summary>
    private readonly HashSet<string>? _joined = most is null ? null : [];

    /// <exception cref="ArgumentException">It is no name of a group.</exception>
    /// <exception cref="GroupDeniedException">A policy does not admit the user.</exception>
    /// <exception cref="TooManyGroupsException">It is in as many as it may be.</exception>
    public async ValueTask AddAsync(string group, IChannelLayer layer, string channel)
    {
        ChannelNames.RequireGroup(group);
        var isNew = Reserve(group);
        try
        {
            await RequireAdmittedAsync(group).ConfigureAwait(false);
            await layer.GroupAddAsync(group, channel).ConfigureAwait(false);
        }
        catch when (isNew)
        {
            Remove(group);
            throw;
        }
    }

    public void Remove(string group)
    {
        if (_joined is not null)
        {
            lock (_joined)
            {
                _joined.Remove(group);
            }
        }
    }

    /// <summary>True if it takes a place that is to be given back if it does not come to be a member.</summary>
    private bool Reserve(string group)
    {
        if (_joined is null || most is not { } limit)
        {
            return false;
        }

        lock (_joined)
        {
            if (_joined.Contains(group))
            {
                return false;
            }

            if (_joined.Count < limit)
            {
                return _joined.Add(group);
            }
        }

        refused.Add(RefusalReason.MaxGroups, route, $"{nameof(WebSocketConnectionOptions)}.{nameof(WebSocketConnectionOptions.MaxGroups)} is {limit}");
        throw new TooManyGroupsException(limit);
    }

    private async ValueTask RequireAdmittedAsync(string group)
    {
        foreach (var policy in policies)
        {
            if (!policy.Covers(group))
            {
                continue;
            }

            var authorization = scope.Services.GetRequiredService<IAuthorizationService>();
            var result = await authorization.AuthorizeAsync(scope.User, new GroupJoin(group, scope), policy.Policy).ConfigureAwait(false);
            if (!result.Succeeded)
            {
                refused.Add(RefusalReason.GroupPolicy, route, $"the policy \"{policy.Policy}\" did not admit to a group");
                throw new GroupDeniedException(group, policy.Policy);
            }
        }
    }
}
