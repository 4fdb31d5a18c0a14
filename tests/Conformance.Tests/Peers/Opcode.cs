namespace ChannelsNet.Conformance.Peers;

/// <summary>What a frame is (RFC 6455, 5.2). Cases send others too.</summary>
internal enum Opcode
{
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}
