namespace ChannelsNet;

/// <summary>
/// Names the own channels of one layer object: <c>{prefix}.{client}!{channel}</c>, client and channel 32 hexadecimal digits each, as
/// channels_redis does. All up to the '!' tells which layer object reads the channel.
/// </summary>
internal sealed class ChannelNamer
{
    public string Client { get; } = Guid.NewGuid().ToString("N");

    public string Next(string prefix)
    {
        var name = $"{prefix}.{Client}!{Guid.NewGuid():N}";
        ChannelNames.RequireChannel(name, nameof(prefix));
        return name;
    }

    public bool IsOwn(string channel) =>
        ChannelNames.NonLocalPart(channel) is [.., '!'] part && part[..^1].EndsWith(Client, StringComparison.Ordinal);
}
