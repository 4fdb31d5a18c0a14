using ChannelsNet.Accepting;

namespace ChannelsNet;

/// <summary>
/// How many WebSockets this process has open at once, over all routes; set with <c>services.Configure&lt;ConnectionLimits&gt;(…)</c> and checked when the routes
/// are mapped. For one route or one group of clients use ASP.NET Core's <c>RequireRateLimiting</c> with a concurrency limiter.
/// </summary>
public sealed class ConnectionLimits
{
    /// <summary>
    /// How many WebSockets there may be in this process; a further one is refused with 503 and a <c>Retry-After</c>, before there is a consumer for it. At
    /// least 1, or null for any number. Default: null.
    /// </summary>
    public int? MaxConnections { get; set; }

    /// <summary>
    /// How many of them one user may have, by the claim <see cref="System.Security.Claims.ClaimTypes.NameIdentifier"/> of the request's user; a further one is
    /// refused with 429. Who is not authenticated, or has no such claim, is not counted. At least 1, or null for any number. Default: null.
    /// </summary>
    public int? MaxConnectionsPerUser { get; set; }

    /// <summary>
    /// How many of the file descriptors that the process may open (RLIMIT_NOFILE) are never used for a connection to Kestrel, so that the program and the
    /// runtime can still open files when clients have taken all others. When few others are left, a WebSocket gets a 503; after that, a connection is closed
    /// as soon as it is accepted. Less than the limit of the process; 0 for no reserve; null for an eighth of the limit, at least 64 and at most 1,024.
    /// Default: null. Only 64-bit Linux has a reserve.
    /// </summary>
    public int? ReservedFileDescriptors { get; set; }

    /// <summary>Every fault of these options, a sentence each.</summary>
    internal IEnumerable<string> Faults()
    {
        var limits = new (string Name, int? Value)[] { (nameof(MaxConnections), MaxConnections), (nameof(MaxConnectionsPerUser), MaxConnectionsPerUser) };
        foreach (var (name, value) in limits)
        {
            if (value < 1)
            {
                yield return $"{nameof(ConnectionLimits)}.{name} is {value}; expected 1 or more, or null for no limit.";
            }
        }

        if (ReservedFileDescriptors < 0)
        {
            yield return $"{nameof(ConnectionLimits)}.{nameof(ReservedFileDescriptors)} is {ReservedFileDescriptors}; "
                + "expected 1 or more, 0 for no reserve, or null for the default.";
        }
        else if (FileDescriptorLimit.Read() is { } limit && ReservedFileDescriptors >= limit)
        {
            yield return $"{nameof(ConnectionLimits)}.{nameof(ReservedFileDescriptors)} is {ReservedFileDescriptors}; "
                + $"expected less than {limit}, which is what the process may open (RLIMIT_NOFILE).";
        }
    }
}
