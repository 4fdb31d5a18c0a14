namespace ChannelsNet;

/// <summary>
/// The options of all HTTP requests that applications of the host serve, set with <c>services.Configure&lt;HttpConnectionOptions&gt;(…)</c>; those of one
/// route with <see cref="HttpApplicationExtensions.WithHttpOptions"/>. Checked when the routes are mapped, all faults at once.
/// </summary>
public sealed class HttpConnectionOptions
{
    /// <summary>
    /// The largest body of a request, in bytes; a larger one is refused with 413. At least 0. Default: 1 MiB. The server's own limit, Kestrel's is 30,000,000
    /// bytes, holds beside it; for one route it is changed by <c>WithConventions(endpoint => endpoint.WithMetadata(new RequestSizeLimitAttribute(…)))</c>.
    /// </summary>
    public int MaxRequestBodySize { get; set; } = 1024 * 1024;

    /// <summary>
    /// How long a request that has been read waits to be answered, where the answer is to come by a message; then <see cref="HttpConsumer.TimeoutAsync"/> is
    /// called. Keep it below the time after which proxies give up, often 60 seconds. Default: 30 seconds.
    /// </summary>
    public TimeSpan LongPollTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// After what silence a comment is sent to the client of a stream of server-sent events, so that no proxy on the way takes it for dead; zero for
    /// never. Default: 15 seconds.
    /// </summary>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long one part of a response may wait for a client that reads slowly, or not at all, before the response is broken off. The server may be less
    /// patient (Kestrel's <c>MinResponseDataRate</c>). Default: 30 seconds.
    /// </summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a consumer may go on after its client is gone. Then a warning names it, and a host that stops no longer waits for it. Default: 10 seconds.
    /// </summary>
    public TimeSpan ApplicationCloseTimeout { get; set; } = TimeSpan.FromSeconds(10);

    internal HttpConnectionOptions Copy() => (HttpConnectionOptions)MemberwiseClone();

    /// <summary>Every fault of these options, a sentence each.</summary>
    internal IEnumerable<string> Faults()
    {
        if (MaxRequestBodySize < 0)
        {
            yield return $"{nameof(HttpConnectionOptions)}.{nameof(MaxRequestBodySize)} is {MaxRequestBodySize}; expected 0 or more.";
        }

        foreach (var (name, value) in new[]
        {
            (nameof(LongPollTimeout), LongPollTimeout), (nameof(WriteTimeout), WriteTimeout), (nameof(ApplicationCloseTimeout), ApplicationCloseTimeout),
        })
        {
            if (value <= TimeSpan.Zero)
            {
                yield return $"{nameof(HttpConnectionOptions)}.{name} is {value}; expected more than zero.";
            }
        }

        if (KeepAliveInterval < TimeSpan.Zero)
        {
            yield return $"{nameof(HttpConnectionOptions)}.{nameof(KeepAliveInterval)} is {KeepAliveInterval}; expected zero for no comments, or more.";
        }
    }
}
