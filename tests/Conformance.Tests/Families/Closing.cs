using ChannelsNet.Conformance.Peers;
using static ChannelsNet.Conformance.Step;

namespace ChannelsNet.Conformance.Families;

/// <summary>7: how a connection is closed.</summary>
[Collection(SharedEchoServer.Name)]
public sealed class Closing(EchoServer server)
{
    private const string Hello = "Hello World!";
    private static readonly int[] _valid = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    private static readonly int[] _invalid = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];

    private static readonly Cases _cases =
    [
        new("7.1.1") { Steps = () => [Send(Opcode.Text, Hello)], Events = [Happening.Text(Hello)], End = End.Clean },
        Answered("7.1.2", Close(1000), Send(Opcode.Close)),
        Answered("7.1.3", Close(1000), Send(Opcode.Ping)),
        Answered("7.1.4", Close(1000), Send(Opcode.Text, Hello)),
        Answered("7.1.5", Send(Opcode.Text, "fragment1", final: false), Close(1000), Send(Opcode.Continuation, "fragment2")),

        // For information only: a server may close before it has answered the messages. This one answers them.
        new("7.1.6")
        {
            Steps = () => [Send(Opcode.Text, Long()), Send(Opcode.Text, Hello), Close(1000), Send(Opcode.Ping)],
            Events = [Happening.Text(Long()), Happening.Text(Hello)],
            End = End.Answered(1000),
        },

        Answered("7.3.1", Send(Opcode.Close)),
        Refused("7.3.2", Send(Opcode.Close, "a")),
        Answered("7.3.3", Close(1000)),
        Answered("7.3.4", Close(1000, Hello)),
        Answered("7.3.5", Close(1000, new string('*', 123))),
        Refused("7.3.6", Close(1000, new string('*', 124))),

        new("7.5.1")
        {
            Steps = () => [Send(Opcode.Close, [1000 >> 8, 1000 & 0xFF, .. "κ\u1F79σμε"u8, 0xED, 0xA0, 0x80, .. "edited"u8])],
            End = End.Answered(1002, 1007),
        },

        .. _valid.Select((code, i) => new Case($"7.7.{i + 1}") { Steps = () => [Close(code)], End = End.Answered(1000, code) }),
        .. _invalid.Select((code, i) => Refused($"7.9.{i + 1}", Close(code))),

        // For information only: the specification says nothing of codes above 4999.
        new("7.13.1") { Steps = () => [Close(5000)], End = End.Answered(1000, 1002, 5000) },
        new("7.13.2") { Steps = () => [Close(65_535)], End = End.Answered(1000, 1002, 65_535) },
    ];

    public static TheoryData<string> Ids => _cases.Ids;

    [Theory]
    [MemberData(nameof(Ids))]
    public Task Case(string id) => server.RunAsync(_cases[id]);

    private static Step Close(int code, string reason = "") =>
        Send(Opcode.Close, [(byte)(code >> 8), (byte)code, .. System.Text.Encoding.UTF8.GetBytes(reason)]);

    private static Case Answered(string id, params Step[] steps) => new(id) { Steps = () => steps, End = End.Answered(1000) };

    private static Case Refused(string id, params Step[] steps) => new(id) { Steps = () => steps, End = End.ProtocolError };

    private static byte[] Long() => Limits.Repeat("BAsd7&jh23"u8, 256 * 1024);
}
