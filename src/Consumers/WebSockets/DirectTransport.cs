namespace ChannelsNet.WebSockets;

/// <summary>
/// Whether WebSockets on plain HTTP/1.1 of Kestrel read the pipe of the connection and write to its socket, instead of using the stream of the request. On by
/// default; <c>AppContext.SetSwitch("ChannelsNet.WebSockets.DirectTransport", false)</c>, or the same name among the <c>configProperties</c> of
/// <c>runtimeconfig.json</c>, turns it off, should a version of Kestrel or a transport of somebody else not allow it.
/// </summary>
internal static class DirectTransport
{
    public const string Switch = "ChannelsNet.WebSockets.DirectTransport";

    public static bool IsOn => !AppContext.TryGetSwitch(Switch, out var isOn) || isOn;
}
