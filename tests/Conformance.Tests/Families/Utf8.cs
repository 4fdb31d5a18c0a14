using System.Text;
using ChannelsNet.Conformance.Peers;
using static ChannelsNet.Conformance.Step;

namespace ChannelsNet.Conformance.Families;

/// <summary>6.1 to 6.4: text in fragments, and how soon it is refused that a text is not UTF-8.</summary>
[Collection(SharedEchoServer.Name)]
public sealed class Utf8(EchoServer server)
{
    private const string Umlauts = "Hello-µ@ßöäüàá-UTF-8!!";
    private static readonly byte[] _kosme = "κ\u1F79σμε"u8.ToArray();
    private static readonly byte[] _surrogate = [.. _kosme, 0xED, 0xA0, 0x80, .. "edited"u8];

    /// <summary>It can't become UTF-8 any more with its thirteenth byte.</summary>
    private static readonly byte[] _beyond = [.. _kosme, 0xF4, 0x90, 0x80, 0x80, .. "edited"u8];

    private static readonly Cases _cases =
    [
        Valid("6.1.1", [[]]),
        Valid("6.1.2", [[], [], []]),
        Valid("6.1.3", [[], "middle frame payload"u8.ToArray(), []]),
        Valid("6.2.1", [Encoding.UTF8.GetBytes(Umlauts)]),
        Valid("6.2.2", [Encoding.UTF8.GetBytes(Umlauts[..11]), Encoding.UTF8.GetBytes(Umlauts[11..])]),
        Valid("6.2.3", ByteByByte(Encoding.UTF8.GetBytes(Umlauts))),
        Valid("6.2.4", ByteByByte(_kosme)),
        new("6.3.1") { Steps = () => [Send(Opcode.Text, _surrogate)], End = End.InvalidText },
        new("6.3.2") { Steps = () => Fragments(ByteByByte(_surrogate)), End = End.InvalidText },
        FailsFastInSecondFrame("6.4.1", _beyond[..11], _beyond[11..15]),
        FailsFastInSecondFrame("6.4.2", _beyond[..12], _beyond[12..13]),
        FailsFastWithinFrame("6.4.3", 11, 15),
        FailsFastWithinFrame("6.4.4", 12, 13),
    ];

    public static TheoryData<string> Ids => _cases.Ids;

    [Theory]
    [MemberData(nameof(Ids))]
    public Task Case(string id) => server.RunAsync(_cases[id]);

    private static byte[][] ByteByByte(byte[] text) => [.. text.Select(value => new[] { value })];

    private static Step[] Fragments(byte[][] fragments) =>
        [.. fragments.Select((fragment, i) => Send(i == 0 ? Opcode.Text : Opcode.Continuation, fragment, final: i == fragments.Length - 1))];

    private static Case Valid(string id, byte[][] fragments) => new(id)
    {
        Steps = () => Fragments(fragments),
        Events = [Happening.Text([.. fragments.SelectMany(fragment => fragment)])],
        End = End.Clean,
    };

    /// <summary>
    /// The rest, and the end of the message, never come. Autobahn's waits a second to see that the first frame is accepted; here a ping shows it.
    /// </summary>
    private static Case FailsFastInSecondFrame(string id, byte[] first, byte[] second) => new(id)
    {
        Steps = () =>
        [
            Send(Opcode.Text, first, final: false), Send(Opcode.Ping), Await(Happening.Pong()),
            Send(Opcode.Continuation, second, final: false),
        ],
        Events = [Happening.Pong()],
        End = End.InvalidText,
    };

    private static Case FailsFastWithinFrame(string id, int first, int second)
    {
        var frame = ClientFrame.Create(Opcode.Text, _beyond);
        var head = frame.Length - _beyond.Length;
        return new(id)
        {
            Steps = () => [new(frame[..(head + first)], Frame), new(frame[(head + first)..(head + second)], Frame)],
            End = End.InvalidText,
        };
    }
}
