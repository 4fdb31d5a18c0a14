namespace ChannelsNet.Messages.Values;

/// <summary>A value fits no form. Who catches it knows whether that is the fault of a sender or of what came.</summary>
internal sealed class ValueException(string message) : Exception(message)
{
    private readonly Stack<string> _steps = [];

    /// <summary>Where the value stands below the root, as <c>["a"][2]</c>.</summary>
    public string Path => string.Concat(_steps);

    public static ValueException TooDeep() =>
        new($"lists and maps nest more than {IValueWriter.MaxDepth} deep; expected fewer levels, and no circle");

    // Each level that it passes on its way up adds its own step, so that a path costs nothing where nothing fails.
    public void PassedKey(string key) => _steps.Push($"[\"{key}\"]");

    public void PassedIndex(int index) => _steps.Push($"[{index}]");
}
