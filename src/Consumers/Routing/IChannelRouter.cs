namespace ChannelsNet.Routing;

/// <summary>An application that hands on to others by a worker's channel.</summary>
internal interface IChannelRouter
{
    /// <summary>The channels that it names; none if it takes any.</summary>
    IReadOnlyCollection<string> Channels { get; }

    /// <summary>What serves a channel in the end; null if nothing does.</summary>
    IApplication? Find(string channel);
}

/// <summary>The ways through routers by channel.</summary>
internal static class ChannelRoute
{
    public static IReadOnlyCollection<string> Channels(IApplication? application) => application is IChannelRouter router ? router.Channels : [];

    /// <summary>What serves a channel at the end of the way; an application that is no router serves any.</summary>
    public static IApplication? End(IApplication? application, string channel) => application is IChannelRouter router ? router.Find(channel) : application;
}
