namespace ChannelsNet;

/// <summary>How it stands with a layer's back-end.</summary>
public enum ChannelLayerState
{
    /// <summary>All servers are connected. In memory always.</summary>
    Connected,

    /// <summary>
    /// A connection to a server is away, or has not been made yet. It is looked for all the time; meanwhile what is sent is treated as
    /// <see cref="ChannelLayerOptions.WhenDisconnected"/> says.
    /// </summary>
    Degraded,
}

/// <summary>Tells how it stands with a layer's back-end. A service beside <see cref="IChannelLayer"/>, keyed by the layer's name.</summary>
public interface IChannelLayerStatus
{
    /// <summary>The state now.</summary>
    ChannelLayerState State { get; }

    /// <summary>
    /// The state has changed to the one given. Called on a thread of the pool without the context of any request: take note and return. An exception is logged,
    /// and the other handlers are called.
    /// </summary>
    event Action<ChannelLayerState>? Changed;
}
