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
    /// How many of them one user may have; a further one is refused with 429. A user is known by the claim
    /// <see cref="System.Security.Claims.ClaimTypes.NameIdentifier"/>, or else "sub", together with its issuer. A user who is not authenticated is not counted, nor
    /// is one without such a claim, which the log says once. At least 1, or null for any number. Default: null.
    /// </summary>
    public int? MaxConnectionsPerUser { get; set; }

    /// <summary>
    /// Gets or sets how many of the file descriptors that the process may open (RLIMIT_NOFILE) are never used for a connection to Kestrel.
    /// Default: null, which is an eighth of the limit, at least 64 and at most 1,024. 0 turns the reserve off. The program and the runtime
    /// need the reserve when clients have taken all others: at the limit, the process aborts. When few others are left, a WebSocket gets a
    /// 503; after that, a connection is closed as soon as it is accepted. Must be less than the limit. Has no effect except on 64-bit Linux.
    /// </summary>
    public int? ReservedFileDescriptors { get; set; }

    /// <summary>Every fault of these options, a sentence each.</summary>
    internal IEnumerable<string> Faults()
    {
        foreach (var (name, value) in new[] { (nameof(MaxConnections), MaxConnections), (nameof(MaxConnectionsPerUser), MaxConnectionsPerUser) })
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
    }
}
