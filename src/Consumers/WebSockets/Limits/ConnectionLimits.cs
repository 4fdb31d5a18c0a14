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

    /// <summary>Every fault of these options, a sentence each.</summary>
    internal IEnumerable<string> Faults() =>
        from limit in new Dictionary<string, int?>
        {
            [nameof(MaxConnections)] = MaxConnections,
            [nameof(MaxConnectionsPerUser)] = MaxConnectionsPerUser,
        }
        where limit.Value < 1
        select $"{nameof(ConnectionLimits)}.{limit.Key} is {limit.Value}; expected 1 or more, or null for no limit.";
}
