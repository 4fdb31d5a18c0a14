using ChannelsNet.Conformance.Peers;

namespace ChannelsNet.Conformance.Families;

/// <summary>6.5 to 6.23: texts that are UTF-8 and texts that are not, after Markus Kuhn's UTF-8 decoder capability and stress test.</summary>
[Collection(SharedEchoServer.Name)]
public sealed class Utf8Sequences(EchoServer server)
{
    private const string Kosme = "CEBAE1BDB9CF83CEBCCEB5";

    /// <summary>With the last continuation byte missing.</summary>
    private static readonly string[] _incomplete =
        ["C0", "E080", "F08080", "F8808080", "FC80808080", "DF", "EFBF", "F7BFBF", "FBBFBFBF", "FDBFBFBFBF"];

    private static readonly (int From, int To)[] _beginnings = [(0xC0, 0xDF), (0xE0, 0xEF), (0xF0, 0xF7), (0xF8, 0xFB), (0xFC, 0xFD)];

    private static readonly Cases _cases =
    [
        .. Family(5, "68656C6C6F24776F726C64", "68656C6C6FC2A2776F726C64", "68656C6C6FE282AC776F726C64", "68656C6C6FF0A4ADA2776F726C64", Kosme),

        // All beginnings of a text, of which only those are valid that end between characters.
        .. Family(6, [.. Enumerable.Range(1, 11).Select(length => (length is 2 or 5 or 7 or 9 or 11 ? "" : "!") + Kosme[..(2 * length)])]),

        // The first and the last of each length, and what is beyond U+10FFFF.
        .. Family(7, "00", "C280", "E0A080", "F0908080"),
        .. Family(8, "!F888808080", "!FC8480808080"),
        .. Family(9, "7F", "DFBF", "EFBFBF", "F48FBFBF"),
        .. Family(10, "!F7BFBFBF", "!FBBFBFBFBF", "!FDBFBFBFBFBF"),
        .. Family(11, "ED9FBF", "EE8080", "EFBFBD", "F48FBFBF", "!F4908080"),

        // Continuations of nothing, and beginnings without an end.
        .. Family(12, "!80", "!BF", "!80BF", "!80BF80", "!80BF80BF", "!80BF80BF80", "!80BF80BF80BF", "!" + Range(0x80, 0xBF)),
        .. Family(13, [.. _beginnings.Select(range => "!" + Range(range.From, range.To, "20"))]),
        .. Family(14, [.. _incomplete.Select(text => "!" + text)]),
        .. Family(15, "!" + string.Concat(_incomplete)),
        .. Family(16, "!FE", "!FF", "!FEFEFFFF"),

        // Longer than they need to be.
        .. Family(17, "!C0AF", "!E080AF", "!F08080AF", "!F8808080AF", "!FC80808080AF"),
        .. Family(18, "!C1BF", "!E09FBF", "!F08FBFBF", "!F887BFBFBF", "!FC83BFBFBFBF"),
        .. Family(19, "!C080", "!E08080", "!F0808080", "!F880808080", "!FC8080808080"),

        // Surrogates, alone and in pairs.
        .. Family(20, "!EDA080", "!EDADBF", "!EDAE80", "!EDAFBF", "!EDB080", "!EDBE80", "!EDBFBF"),
        .. Family(21, [.. new[] { "EDA080", "EDADBF", "EDAE80", "EDAFBF" }.SelectMany(high => new[] { $"!{high}EDB080", $"!{high}EDBFBF" })]),

        // No characters, but valid.
        .. Family(22, ["EFBFBE", "EFBFBF", .. Noncharacters()]),
        .. Family(23, "EFBFB9", "EFBFBA", "EFBFBB", "EFBFBC", "EFBFBD", "EFBFBE", "EFBFBF"),
    ];

    public static TheoryData<string> Ids => _cases.Ids;

    [Theory]
    [MemberData(nameof(Ids))]
    public Task Case(string id) => server.RunAsync(_cases[id]);

    /// <summary>Texts in hexadecimal; those with "!" are not UTF-8.</summary>
    private static IEnumerable<Case> Family(int number, params string[] texts) => texts.Select((text, i) =>
    {
        var payload = Convert.FromHexString(text.TrimStart('!'));
        return new Case($"6.{number}.{i + 1}")
        {
            Steps = () => [Step.Send(Opcode.Text, payload)],
            Events = text[0] == '!' ? [] : [Happening.Text(payload)],
            End = text[0] == '!' ? End.InvalidText : End.Clean,
        };
    });

    /// <summary>The bytes from one to before another, each followed by something.</summary>
    private static string Range(int from, int to, string between = "") =>
        string.Concat(Enumerable.Range(from, to - from).Select(value => $"{value:X2}{between}"));

    /// <summary>The last two code points of each plane but the first, and of each quarter of their planes' space.</summary>
    private static IEnumerable<string> Noncharacters()
    {
        for (var first = 0xF0; first <= 0xF4; first++)
        {
            for (var second = first == 0xF0 ? 0x9F : 0x8F; second <= (first == 0xF4 ? 0x8F : 0xBF); second += 0x10)
            {
                yield return $"{first:X2}{second:X2}BFBE";
                yield return $"{first:X2}{second:X2}BFBF";
            }
        }
    }
}
