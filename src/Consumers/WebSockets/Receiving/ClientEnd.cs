namespace ChannelsNet.WebSockets.Receiving;

/// <summary>The end of what a client sends, before anything has followed from it.</summary>
internal sealed record ClientEnd : ClientEvent
{
    /// <summary>The connection has ended without a close frame.</summary>
    public static ClientEnd Broken { get; } = new();

    /// <summary>The code of the client's close frame, 1005 for none; null if there was no close frame.</summary>
    public int? Code { get; init; }

    /// <summary>The reason of the client's close frame.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The rule that the client has broken; null for none.</summary>
    public ClientFaultException? Fault { get; init; }
}
