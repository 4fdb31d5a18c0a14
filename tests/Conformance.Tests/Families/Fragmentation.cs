using ChannelsNet.Conformance.Peers;
using static ChannelsNet.Conformance.Step;

namespace ChannelsNet.Conformance.Families;

/// <summary>5 and 10: messages in several frames.</summary>
[Collection(SharedEchoServer.Name)]
public sealed class Fragmentation(EchoServer server)
{
    private const string Stray = "non-continuation payload";
    private const string Hello = "Hello, world!";

    private static readonly Cases _cases =
    [
        Refused("5.1", First(Opcode.Ping, 1), Last(2)),
        Refused("5.2", First(Opcode.Pong, 1), Last(2)),
        .. Chopped(3, "", chop => [First(Opcode.Text, 1, chop), Last(2, chop)]),
        .. Chopped(6, "ping payload", chop => [First(Opcode.Text, 1, chop), Send(Opcode.Ping, "ping payload", chop: chop), Last(2, chop)]),
        .. NothingToContinue(9, final: true),
        .. NothingToContinue(12, final: false),
        new("5.15")
        {
            Steps = () => [First(Opcode.Text, 1), Last(2), Middle(3), Send(Opcode.Text, "fragment4")],
            Events = [Happening.Text("fragment1fragment2")],
            End = End.ProtocolError,
        },
        Refused("5.16", Middle(1), First(Opcode.Text, 2), Last(3), Middle(1), First(Opcode.Text, 2), Last(3)),
        Refused("5.17", Last(1), First(Opcode.Text, 2), Last(3), Last(1), First(Opcode.Text, 2), Last(3)),
        Refused("5.18", First(Opcode.Text, 1), Send(Opcode.Text, "fragment2")),
        WithPings("5.19", chop: 0),
        WithPings("5.20", Frame),

        new("10.1.1")
        {
            Steps = () => [.. ClientFrame.Fragments(Opcode.Text, Stars(), 1300).Select(frame => new Step(frame))],
            Events = [Happening.Text(Stars())],
            End = End.Clean,
        },
    ];

    public static TheoryData<string> Ids => _cases.Ids;

    [Theory]
    [MemberData(nameof(Ids))]
    public Task Case(string id) => server.RunAsync(_cases[id]);

    private static Step First(Opcode opcode, int number, int chop = 0) => Send(opcode, $"fragment{number}", final: false, chop: chop);

    private static Step Middle(int number, int chop = 0) => First(Opcode.Continuation, number, chop);

    private static Step Last(int number, int chop = 0) => Send(Opcode.Continuation, $"fragment{number}", chop: chop);

    private static Case Refused(string id, params Step[] steps) => new(id) { Steps = () => steps, End = End.ProtocolError };

    /// <summary>The same in one piece, frame by frame, and byte by byte.</summary>
    private static IEnumerable<Case> Chopped(int first, string ping, Func<int, Step[]> steps) => new[] { 0, Frame, 1 }.Select((chop, i) => new Case($"5.{first + i}")
    {
        Steps = () => steps(chop),
        Events = ping.Length > 0 ? [Happening.Pong(ping), Happening.Text("fragment1fragment2")] : [Happening.Text("fragment1fragment2")],
        End = End.Clean,
    });

    private static IEnumerable<Case> NothingToContinue(int first, bool final) => new[] { 0, Frame, 1 }.Select((chop, i) =>
        Refused($"5.{first + i}", Send(Opcode.Continuation, Stray, final, chop: chop), Send(Opcode.Text, Hello, chop: chop)));

    /// <summary>The first ping has to be answered before the message has ended.</summary>
    private static Case WithPings(string id, int chop) => new(id)
    {
        Steps = () =>
        [
            First(Opcode.Text, 1, chop), Middle(2, chop), Send(Opcode.Ping, "pongme 1!", chop: chop),
            Await(Happening.Pong("pongme 1!")),
            Middle(3, chop), Middle(4, chop), Send(Opcode.Ping, "pongme 2!", chop: chop), Last(5, chop),
        ],
        Events = [Happening.Pong("pongme 1!"), Happening.Pong("pongme 2!"), Happening.Text("fragment1fragment2fragment3fragment4fragment5")],
        End = End.Clean,
    };

    private static byte[] Stars() => [.. Enumerable.Repeat((byte)'*', 65_536)];
}
