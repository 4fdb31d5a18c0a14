using System.Runtime.InteropServices;
using System.Security.Claims;
using ChannelsNet.Accepting;
using ChannelsNet.Security;
using ChannelsNet.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet.WebSockets.Limits;

/// <summary>The places for WebSockets that this process has. Without limits there are no places, and nothing is counted.</summary>
internal sealed class ConnectionPlaces(IOptions<ConnectionLimits> limits, RefusedClients refused, ILogger<ConnectionPlaces> logger)
{
    /// <summary>Seconds after which a client may look for a place again. A client that waits longer each time, and a little at random, is kinder.</summary>
    private const string RetryAfter = "10";

    private readonly int? _most = limits.Value.MaxConnections;
    private readonly int? _mostPerUser = limits.Value.MaxConnectionsPerUser;
    private readonly Dictionary<UserId, int> _ofUser = [];
    private int _count;
    private int _hasWarned;

    /// <summary>Takes a place, until it is disposed.</summary>
    /// <param name="context">The request.</param>
    /// <param name="route">The pattern of the route, for the count of those who get none.</param>
    /// <param name="refusal">How the client is refused; null if it may come.</param>
    /// <returns>Null without limits, and where there is no place.</returns>
    public IDisposable? Take(HttpContext context, string route, out Refusal? refusal)
    {
        refusal = null;
        if (context.Features.Get<ShortRequestConnection>() is { Limit: var limit })
        {
            refused.Add(RefusalReason.FileLimit, route, $"the process may open {limit} file descriptors (RLIMIT_NOFILE), and few are left");
            refusal = Full();
            return null;
        }

        if (_most is null && _mostPerUser is null)
        {
            return null;
        }

        if (Interlocked.Increment(ref _count) > _most)
        {
            Interlocked.Decrement(ref _count);
            refused.Add(RefusalReason.MaxConnections, route, $"{nameof(ConnectionLimits)}.{nameof(ConnectionLimits.MaxConnections)} is {_most}");
            refusal = Full();
            return null;
        }

        var user = _mostPerUser is null ? null : IdOf(context.User);
        if (user is { } id && !TryAdd(id))
        {
            Interlocked.Decrement(ref _count);
            refused.Add(
                RefusalReason.MaxConnectionsPerUser, route, $"{nameof(ConnectionLimits)}.{nameof(ConnectionLimits.MaxConnectionsPerUser)} is {_mostPerUser}");
            refusal = new Refusal(StatusCodes.Status429TooManyRequests, $"You may have {_mostPerUser} WebSockets at once.");
            return null;
        }

        return new Place(this, user);
    }

    private static Refusal Full() => new(StatusCodes.Status503ServiceUnavailable, "This server has as many WebSockets as it takes.")
    {
        Headers = new HeaderDictionary { [HeaderNames.RetryAfter] = RetryAfter },
    };

    /// <summary>Gets the id by which a user's WebSockets are counted. An authenticated user without one is not counted, which is said once.</summary>
    private UserId? IdOf(ClaimsPrincipal user)
    {
        var id = UserId.Of(user);
        if (id is null
            && user.Identities.FirstOrDefault(identity => identity.IsAuthenticated) is { } identity
            && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            LimitsLog.UserWithoutId(logger, _mostPerUser, identity.AuthenticationType);
        }

        return id;
    }

    private bool TryAdd(UserId user)
    {
        lock (_ofUser)
        {
            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_ofUser, user, out _);
            if (count >= _mostPerUser)
            {
                return false;
            }

            count++;
            return true;
        }
    }

    private void Free(UserId? user)
    {
        Interlocked.Decrement(ref _count);
        if (user is not { } id)
        {
            return;
        }

        lock (_ofUser)
        {
            if (--CollectionsMarshal.GetValueRefOrNullRef(_ofUser, id) == 0)
            {
                _ofUser.Remove(id);
            }
        }
    }

    private sealed class Place(ConnectionPlaces places, UserId? user) : IDisposable
    {
        public void Dispose() => places.Free(user);
    }
}
