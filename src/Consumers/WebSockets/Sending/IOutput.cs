namespace ChannelsNet.WebSockets.Sending;

/// <summary>Where the bytes for one client go. One write at a time.</summary>
internal interface IOutput
{
    /// <summary>Writes bytes; completes when the operating system or the server has taken them, so that they may be changed.</summary>
    /// <param name="bytes">Whole frames.</param>
    /// <param name="progress">Is notified when a part has been taken and the rest still waits.</param>
    /// <exception cref="IOException">The connection has ended; other exceptions of streams and sockets say so too.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, IWriteProgress progress);
}

/// <summary>Is notified of a write that takes its time.</summary>
internal interface IWriteProgress
{
    /// <summary>A part has been taken.</summary>
    void OnProgress();
}
