using System.Text;

namespace ChannelsNet.Conformance.Families;

/// <summary>
/// What is compressed. Autobahn's suite has files by others: JSON, a picture, Goethe's Faust, HTML, a PDF. Here their like is made, the same each time.
/// </summary>
internal sealed class TestData
{
    private const int Length = 300_000;
    private const int LongestPart = 131_072;
    private const int Seed = 517;

    private static readonly string[] _words =
        ["Habe", "nun", "ach", "Philosophie", "Juristerei", "und", "Medizin", "leider", "auch", "Theologie", "durchaus", "studiert", "mit", "heißem", "Bemühn"];

    private readonly string? _text;
    private readonly byte[] _bytes;

    private TestData(string text) => (_text, _bytes) = (text, []);

    private TestData(byte[] bytes) => _bytes = bytes;

    public static TestData Json { get; } = new(Write(random =>
        $$"""{"id":{{random.Next(100_000)}},"name":"{{Word(random)}} {{Word(random)}}","weight":{{random.Next()}},"tags":["{{Word(random)}}","größer"]},"""));

    public static TestData Html { get; } = new(Write(random =>
        $"""<li class="{Word(random)}"><a href="/{Word(random)}/{random.Next(1000)}">{Word(random)} &amp; {Word(random)}</a></li>"""));

    public static TestData Prose { get; } = new(Encoding.UTF8.GetBytes(Write(random => random.Next(8) == 0 ? $"{Word(random)},\r\n" : $"{Word(random)} ")));

    /// <summary>Grey that changes slowly, with some noise.</summary>
    public static TestData Picture { get; } = new(Make((random, i) => (byte)((i / 4096) + (i % 512 / 8) + random.Next(4))));

    /// <summary>What compression can do nothing about.</summary>
    public static TestData Noise { get; } = new(Make((random, _) => (byte)random.Next()));

    public bool IsText => _text is not null;

    /// <summary>A part; a text is counted in characters.</summary>
    /// <param name="from">Where it begins, around the end as often as need be.</param>
    /// <param name="length">At most 131,072.</param>
    public byte[] Part(long from, int length)
    {
        var at = (int)(from % Length);
        return _text is null ? _bytes[at..(at + length)] : Encoding.UTF8.GetBytes(_text.Substring(at, length));
    }

    private static string Write(Func<Random, string> write)
    {
        var (random, text) = (new Random(Seed), new StringBuilder());
        while (text.Length < Length + LongestPart)
        {
            text.Append(write(random));
        }

        return text.ToString();
    }

    private static byte[] Make(Func<Random, int, byte> make)
    {
        var random = new Random(Seed);
        return [.. Enumerable.Range(0, Length + LongestPart).Select(i => make(random, i))];
    }

    private static string Word(Random random) => _words[random.Next(_words.Length)];
}
