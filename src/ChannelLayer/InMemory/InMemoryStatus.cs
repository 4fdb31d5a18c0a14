namespace ChannelsNet.InMemory;

/// <summary>A layer in memory has no back-end that could be away.</summary>
internal sealed class InMemoryStatus : IChannelLayerStatus
{
    public ChannelLayerState State => ChannelLayerState.Connected;

    /// <summary>It never does.</summary>
    public event Action<ChannelLayerState>? Changed
    {
        add { }
        remove { }
    }
}
