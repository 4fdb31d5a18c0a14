namespace ChannelsNet.Chat;

/// <summary>What a browser sends.</summary>
/// <param name="Text">The words; null if there were none.</param>
public sealed record ChatInput(string? Text)
{
    /// <summary>How long a text may be, in UTF-16 units, as the page's <c>maxlength</c> counts them too.</summary>
    public const int MaxLength = 1000;
}
