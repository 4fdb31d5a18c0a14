using ChannelsNet.Conformance.Peers;

namespace ChannelsNet.Conformance.Families;

/// <summary>9: large messages, whole, in fragments and in chops, and a thousand messages one after the other.</summary>
public sealed class Limits(EchoServer server) : IClassFixture<EchoServer>
{
    private const int KiB = 1024;
    private const int MiB = 1024 * KiB;
    private const int Messages = 1000;

    private static readonly int[] _lengths = [64 * KiB, 256 * KiB, MiB, 4 * MiB, 8 * MiB, 16 * MiB];
    private static readonly int[] _fragments = [64, 256, KiB, 4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB, MiB, 4 * MiB];
    private static readonly int[] _chops = [64, 128, 256, 512, 1024, 2048];
    private static readonly int[] _manyLengths = [0, 16, 64, 256, 1024, 4096];

    private static readonly Dictionary<string, (Opcode Opcode, int Length, int Fragment, int Chop)> _cases =
        new[] { Opcode.Text, Opcode.Binary }.SelectMany((opcode, binary) => new[]
        {
            _lengths.Select((length, i) => ($"9.{1 + binary}.{i + 1}", (opcode, length, 0, 0))),
            _fragments.Select((size, i) => ($"9.{3 + binary}.{i + 1}", (opcode, 4 * MiB, size, 0))),
            _chops.Select((chop, i) => ($"9.{5 + binary}.{i + 1}", (opcode, MiB, 0, chop))),
        }).SelectMany(family => family).ToDictionary();

    public static TheoryData<string> Ids => [.. _cases.Keys];

    [Theory]
    [MemberData(nameof(Ids))]
    public Task Case(string id)
    {
        var (opcode, length, fragment, chop) = _cases[id];
        var payload = Repeat(opcode == Opcode.Text ? "BAsd7&jh23"u8 : [0x00, 0xFE, 0x23, 0xFA, 0xF0], length);
        return server.RunAsync(new(id)
        {
            Steps = () => [.. ClientFrame.Fragments(opcode, payload, fragment).Select(frame => new Step(frame, chop))],
            Events = [Happening.Describe(opcode, payload)],
            End = End.Clean,
        });
    }

    public static TheoryData<string> ManyIds => [.. _manyLengths.SelectMany((_, i) => new[] { $"9.7.{i + 1}", $"9.8.{i + 1}" })];

    [Theory]
    [MemberData(nameof(ManyIds))]
    public async Task Many(string id)
    {
        var number = id.Split('.');
        var opcode = number[1] == "7" ? Opcode.Text : Opcode.Binary;
        var payload = Repeat(opcode == Opcode.Text ? "*"u8 : [0xFE], _manyLengths[number[2][0] - '1']);
        using var peer = await Peer.ConnectAsync(server.Uri);
        for (var i = 0; i < Messages; i++)
        {
            await peer.WriteAsync(ClientFrame.Create(opcode, payload));
            var received = await peer.ReadAsync();
            Assert.Equal(opcode, received.Opcode);
            Assert.Equal(payload, received.Payload);
        }

        await peer.CloseAsync(1000);
        await peer.ExpectCloseAsync([1000]);
        await peer.EndAsync();
    }

    internal static byte[] Repeat(ReadOnlySpan<byte> pattern, int length)
    {
        var bytes = new byte[length];
        for (var at = 0; at < length; at += pattern.Length)
        {
            pattern[..Math.Min(pattern.Length, length - at)].CopyTo(bytes.AsSpan(at));
        }

        return bytes;
    }
}
