namespace ChannelsNet.Running;

/// <summary>Something of one connection that has work to do and gets its turn on a thread.</summary>
internal interface ITurn
{
    /// <summary>Does what there is to do now. Never called twice at once, and never throws.</summary>
    void Take();
}
