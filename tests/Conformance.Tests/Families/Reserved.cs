using ChannelsNet.Conformance.Peers;
using static ChannelsNet.Conformance.Step;

namespace ChannelsNet.Conformance.Families;

/// <summary>3 and 4: bits and opcodes that mean nothing, alone or between a message, which is still answered, and a ping, which is not.</summary>
[Collection(SharedEchoServer.Name)]
public sealed class Reserved(EchoServer server)
{
    private const string Hello = "Hello, world!";
    private const string Payload = "reserved opcode payload";
    private static readonly byte[] _bytes = [0x00, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0x00, 0xFF];

    private static readonly Cases _cases =
    [
        Alone("3.1", Send(Opcode.Text, Hello, reserved: 1)),
        BehindMessage("3.2", chop => Send(Opcode.Text, Hello, reserved: 2, chop: chop)),
        BehindMessage("3.3", chop => Send(Opcode.Text, Hello, reserved: 3, chop: chop), Frame),
        BehindMessage("3.4", chop => Send(Opcode.Text, Hello, reserved: 4, chop: chop), chop: 1),
        Alone("3.5", Send(Opcode.Binary, _bytes, reserved: 5)),
        Alone("3.6", Send(Opcode.Binary, Hello, reserved: 6)),
        Alone("3.7", Send(Opcode.Close, reserved: 7)),

        .. Opcodes("4.1", 3),
        .. Opcodes("4.2", 11),
    ];

    public static TheoryData<string> Ids => _cases.Ids;

    [Theory]
    [MemberData(nameof(Ids))]
    public Task Case(string id) => server.RunAsync(_cases[id]);

    private static Case[] Opcodes(string family, int first) =>
    [
        Alone($"{family}.1", Send((Opcode)first)),
        Alone($"{family}.2", Send((Opcode)(first + 1), Payload)),
        BehindMessage($"{family}.3", chop => Send((Opcode)(first + 2), chop: chop)),
        BehindMessage($"{family}.4", chop => Send((Opcode)(first + 3), Hello, chop: chop)),
        BehindMessage($"{family}.5", chop => Send((Opcode)(first + 4), Hello, chop: chop), chop: 1),
    ];

    private static Case Alone(string id, Step step) => new(id) { Steps = () => [step], End = End.ProtocolError };

    private static Case BehindMessage(string id, Func<int, Step> step, int chop = 0) => new(id)
    {
        Steps = () => [Send(Opcode.Text, Hello, chop: chop), step(chop), Send(Opcode.Ping, chop: chop)],
        Events = [Happening.Text(Hello)],
        End = End.ProtocolError,
    };
}
