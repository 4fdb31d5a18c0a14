namespace ChannelsNet;

/// <summary>
/// The layer's back-end can't be reached now, or takes nothing (it has no memory left, is being started, has lost its primary), so the message was not sent.
/// It is looked for all the time; try again later.
/// </summary>
public sealed class ChannelLayerUnavailableException : Exception
{
    internal ChannelLayerUnavailableException(string server, Exception? reason)
        : base($"Redis at {server} can't be reached or takes nothing, so the message was not sent: {reason?.Message ?? "there is no connection."}", reason)
    {
    }
}
