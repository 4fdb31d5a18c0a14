using Microsoft.AspNetCore.Http;

namespace ChannelsNet.Requests;

/// <summary>The header <c>Idempotency-Key: "8e03978e"</c> (draft-ietf-httpapi-idempotency-key-header), with its quotes or without.</summary>
internal static class IdempotencyKey
{
    public const string Header = "Idempotency-Key";

    private const int MaxLength = 255;

    /// <param name="headers">Those of the request.</param>
    /// <param name="key">The key; null if there is none.</param>
    /// <returns>What is wrong with it; null if nothing is.</returns>
    public static string? Read(IHeaderDictionary headers, out string? key)
    {
        key = null;
        var values = headers[Header];
        if (values.Count == 0)
        {
            return null;
        }

        var text = values.ToString().Trim();
        if (text.Length > 1 && text[0] == '"' && text[^1] == '"')
        {
            text = text[1..^1];
        }

        if (values.Count > 1 || text.Length is 0 or > MaxLength || text.Any(letter => letter is < ' ' or > '~' or '"'))
        {
            return $"{Header} is \"{text}\"; expected one string of 1 to {MaxLength} visible ASCII characters, another for each new request.";
        }

        key = text;
        return null;
    }
}
