namespace ChannelsNet.WebSockets.Receiving;

/// <summary>The client has broken a rule of the protocol, or a limit.</summary>
/// <param name="code">What to close with (RFC 6455, 7.4.1).</param>
/// <param name="reason">Words for the client's developer.</param>
internal sealed class ClientFaultException(int code, string reason) : Exception(reason)
{
    public int Code { get; } = code;
}
