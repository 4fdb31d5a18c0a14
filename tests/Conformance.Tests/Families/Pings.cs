using ChannelsNet.Conformance.Peers;
using static ChannelsNet.Conformance.Step;

namespace ChannelsNet.Conformance.Families;

/// <summary>2: pings and pongs.</summary>
[Collection(SharedEchoServer.Name)]
public sealed class Pings(EchoServer server)
{
    private static readonly byte[] _longest = [.. Enumerable.Repeat((byte)0xFE, 125)];

    private static readonly Cases _cases =
    [
        Answered("2.1", []),
        Answered("2.2", "Hello, world!"u8.ToArray()),
        Answered("2.3", [0x00, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0x00, 0xFF]),
        Answered("2.4", _longest),
        new("2.5") { Steps = () => [Send(Opcode.Ping, [.. _longest, 0xFE])], End = End.ProtocolError },
        Answered("2.6", _longest, chop: 1),
        new("2.7") { Steps = () => [Send(Opcode.Pong)], End = End.Clean },
        new("2.8") { Steps = () => [Send(Opcode.Pong, "unsolicited pong payload")], End = End.Clean },
        new("2.9")
        {
            Steps = () => [Send(Opcode.Pong, "unsolicited pong payload"), Send(Opcode.Ping, "ping payload")],
            Events = [Happening.Pong("ping payload")],
            End = End.Clean,
        },
        Ten("2.10", chop: 0),
        Ten("2.11", chop: 1),
    ];

    public static TheoryData<string> Ids => _cases.Ids;

    [Theory]
    [MemberData(nameof(Ids))]
    public Task Case(string id) => server.RunAsync(_cases[id]);

    private static Case Answered(string id, byte[] payload, int chop = 0) => new(id)
    {
        Steps = () => [Send(Opcode.Ping, payload, chop: chop)],
        Events = [Happening.Pong(payload)],
        End = End.Clean,
    };

    private static Case Ten(string id, int chop)
    {
        var payloads = Enumerable.Range(0, 10).Select(i => $"payload-{i}").ToArray();
        return new(id)
        {
            Steps = () => [.. payloads.Select(payload => Send(Opcode.Ping, payload, chop: chop))],
            Events = [.. payloads.Select(Happening.Pong)],
            End = End.Clean,
        };
    }
}
