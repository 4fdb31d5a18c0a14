namespace ChannelsNet.InMemory;

/// <summary>Where it is written down which channels are in which group.</summary>
internal interface IMemberships
{
    /// <summary>Makes a channel a member; ends when messages of the group reach it.</summary>
    /// <param name="group">The group.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="own">The channel if it is this process's own; null for a general one.</param>
    Task Add(string group, string channel, OwnChannel? own);

    /// <summary>Takes a channel out of a group. No error if it is not a member.</summary>
    /// <param name="group">The group.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="own">The channel if it is this process's own and was found; else null.</param>
    Task Discard(string group, string channel, OwnChannel? own);
}
