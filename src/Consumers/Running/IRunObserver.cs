namespace ChannelsNet.Running;

/// <summary>
/// Sees how the consumers of one connection fare, for the test kit; in a server there is none. It comes with the <see cref="Scope"/>, so that it goes
/// through routers and middleware. Several consumers can stand behind one connection.
/// </summary>
internal interface IRunObserver
{
    /// <summary>A consumer has begun, and is awake.</summary>
    /// <returns>Is disposed when it has ended; it is awake then.</returns>
    IDisposable OnBegun();

    /// <summary>A consumer has something to do again. Called before whoever caused it goes on.</summary>
    void OnAwake();

    /// <summary>A consumer has nothing to do until a message comes or its client does something.</summary>
    void OnAsleep();

    /// <summary>A consumer has thrown. Called before its client is told.</summary>
    void OnFailed(Exception fault);
}
