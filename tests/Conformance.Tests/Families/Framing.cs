using ChannelsNet.Conformance.Peers;

namespace ChannelsNet.Conformance.Families;

/// <summary>1: text and binary messages of the lengths at which frames change.</summary>
[Collection(SharedEchoServer.Name)]
public sealed class Framing(EchoServer server)
{
    private static readonly (int Length, int Chop)[] _sizes = [(0, 0), (125, 0), (126, 0), (127, 0), (128, 0), (65_535, 0), (65_536, 0), (65_536, 997)];

    private static readonly Cases _cases =
    [
        .. _sizes.Select((size, i) => Echo($"1.1.{i + 1}", Opcode.Text, (byte)'*', size.Length, size.Chop)),
        .. _sizes.Select((size, i) => Echo($"1.2.{i + 1}", Opcode.Binary, 0xFE, size.Length, size.Chop)),
    ];

    public static TheoryData<string> Ids => _cases.Ids;

    [Theory]
    [MemberData(nameof(Ids))]
    public Task Case(string id) => server.RunAsync(_cases[id]);

    private static Case Echo(string id, Opcode opcode, byte fill, int length, int chop)
    {
        var payload = new byte[length];
        payload.AsSpan().Fill(fill);
        return new(id)
        {
            Steps = () => [Step.Send(opcode, payload, chop: chop)],
            Events = [Happening.Describe(opcode, payload)],
            End = End.Clean,
        };
    }
}
