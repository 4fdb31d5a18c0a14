namespace ChannelsNet.Words;

/// <summary>What a browser sends.</summary>
/// <param name="Text">The text whose words are to be counted; null if there was none.</param>
public sealed record WordsInput(string? Text)
{
    /// <summary>How long a text may be, in UTF-16 units, as the page's <c>maxlength</c> counts them too.</summary>
    public const int MaxLength = 10_000;
}
