namespace ChannelsNet.InMemory;

/// <summary>Is told which groups have members in this process. Called under the group's lock: starts work, never waits.</summary>
internal interface IGroupTransport
{
    /// <summary>The group has its first member here.</summary>
    /// <returns>Ends when messages of the group reach this process.</returns>
    Task Open(string group);

    /// <summary>The group's last member here has gone.</summary>
    void Close(string group);
}
