namespace ChannelsNet.Python;

/// <summary>A value of each kind and size that a message can carry, by a name for it.</summary>
internal static class MessageValues
{
    public static IReadOnlyDictionary<string, object?> All { get; } = new Dictionary<string, object?>
    {
        ["null"] = null,
        ["truths"] = new object?[] { true, false },
        ["the limits of the lengths of whole numbers"] = new object?[]
        {
            0L, 1L, 127L, 128L, 255L, 256L, 65_535L, 65_536L, 4_294_967_295L, 4_294_967_296L, long.MaxValue,
            -1L, -32L, -33L, -128L, -129L, -32_768L, -32_769L, -2_147_483_648L, -2_147_483_649L, long.MinValue,
        },
        ["whole numbers that no long holds"] = new object?[] { 9_223_372_036_854_775_808UL, ulong.MaxValue },
        ["floats"] = new object?[] { 0.0, -0.0, 1.0, -1.5, 0.1, 1e22, 5e-324, double.MaxValue, double.MinValue },
        ["floats without an end"] = new object?[] { double.PositiveInfinity, double.NegativeInfinity, double.NaN },
        ["text"] = new object?[] { "", "hi", "häh \"\\ \u2028 \0 😀 مرحبا 秘密" },
        ["text of the limits of lengths"] = new object?[]
        {
            new string('a', 31), new string('b', 32), new string('c', 255), new string('d', 256), new string('é', 40_000),
        },
        ["bytes"] = new object?[] { Array.Empty<byte>(), new byte[] { 0, 127, 128, 255 }, new byte[256], new byte[70_000] },
        ["an empty list and an empty map"] = new object?[] { Array.Empty<object?>(), new Dictionary<string, object?>() },
        ["long lists"] = new object?[] { Numbers(15), Numbers(16), Numbers(70_000) },
        ["long maps"] = new object?[] { Map(15), Map(16), Map(70_000) },
        ["lists and maps in one another"] = new Dictionary<string, object?>
        {
            ["list"] = new object?[] { new object?[] { 1L, new Dictionary<string, object?> { ["deep"] = new byte[] { 1 } } }, null },
            ["map"] = new Dictionary<string, object?> { [""] = "", ["ключ"] = new Dictionary<string, object?> { ["x"] = 1.5 } },
        },
        ["what the layers use themselves"] = new Dictionary<string, object?> { ["type"] = "x", ["__asgi_channel__"] = "y" },
        ["a million characters"] = new string('x', 1_000_000),
    };

    /// <summary>A message that no .NET process has a class for.</summary>
    public static UntypedMessage With(object? value) => new("test.value", new Dictionary<string, object?> { ["value"] = value });

    /// <summary>The message of which .NET processes have the class <see cref="ChannelsNet.Note"/>.</summary>
    public static UntypedMessage Note(string text) => new("test.note", new Dictionary<string, object?> { ["text"] = text });

    private static object?[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(i => (object?)(long)i)];

    private static Dictionary<string, object?> Map(int count) => Enumerable.Range(0, count).ToDictionary(i => $"{i}", i => (object?)(long)i);
}
