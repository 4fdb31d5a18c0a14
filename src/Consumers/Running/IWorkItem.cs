namespace ChannelsNet.Running;

/// <summary>Work of one connection that waits for a thread of the <see cref="ConsumerDispatcher"/>.</summary>
internal interface IWorkItem
{
    /// <summary>Does what there is to do now. Never runs twice at once.</summary>
    void Execute();
}
