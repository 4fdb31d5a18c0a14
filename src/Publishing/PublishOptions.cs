namespace ChannelsNet;

/// <summary>What may be published over HTTP; set with <c>AddPublish(options => …)</c> and checked by <c>MapChannelsPublish</c>.</summary>
public sealed class PublishOptions
{
    private const int MostBodySize = 1024 * 1024 * 1024;

    /// <summary>The name of the layer that messages go to, as in the section <c>ChannelLayers</c>. Default: null, for the default layer.</summary>
    public string? Layer { get; set; }

    /// <summary>
    /// Which groups may be sent to: names in which '*' stands for any run of characters and '?' for any one. Case counts. Default: all. None: no group.
    /// </summary>
    public IList<string> Groups { get; set; } = ["*"];

    /// <summary>
    /// Which channels may be sent to, as <see cref="Groups"/>; the channels of connections have a '!' in their names, those of workers have not. Default: all.
    /// </summary>
    public IList<string> Channels { get; set; } = ["*"];

    /// <summary>How many messages one request may have. At least 1. Default: 100.</summary>
    public int MaxMessages { get; set; } = 100;

    /// <summary>How many bytes the body of a request may have; one that has more gets 413. 1 to 1 GiB. Default: 1 MiB.</summary>
    /// <remarks>The server has a limit of its own, Kestrel's <c>MaxRequestBodySize</c> of 30 MB.</remarks>
    public int MaxBodySize { get; set; } = 1024 * 1024;

    /// <summary>For how long the answer to a request with an <c>Idempotency-Key</c> is remembered. More than zero. Default: 10 minutes.</summary>
    public TimeSpan IdempotencyWindow { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Every fault of these options, a sentence each.</summary>
    internal IEnumerable<string> Faults()
    {
        if (MaxMessages < 1)
        {
            yield return $"{nameof(PublishOptions)}.{nameof(MaxMessages)} is {MaxMessages}; expected 1 or more.";
        }

        if (MaxBodySize is < 1 or > MostBodySize)
        {
            yield return $"{nameof(PublishOptions)}.{nameof(MaxBodySize)} is {MaxBodySize}; expected 1 to {MostBodySize} bytes.";
        }

        if (IdempotencyWindow <= TimeSpan.Zero)
        {
            yield return $"{nameof(PublishOptions)}.{nameof(IdempotencyWindow)} is {IdempotencyWindow}; expected more than zero.";
        }

        foreach (var (property, patterns) in new[] { (nameof(Groups), Groups), (nameof(Channels), Channels) })
        {
            foreach (var pattern in patterns.Where(string.IsNullOrWhiteSpace))
            {
                yield return $"{nameof(PublishOptions)}.{property} has \"{pattern}\", which matches no name; expected one such as \"news_*\".";
            }
        }
    }
}
