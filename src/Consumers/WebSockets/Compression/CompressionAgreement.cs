using System.Globalization;

namespace ChannelsNet.WebSockets.Compression;

/// <summary>
/// What a client and the server agree on when they compress (permessage-deflate; RFC 7692, 7.1): that each message stands for itself. The server says so
/// for both sides, which it may, asked or not, and a client has to take (7.1.1.2).
/// </summary>
/// <param name="Window">How far back the server's messages may refer, in bytes.</param>
/// <param name="Answer">What the server answers in Sec-WebSocket-Extensions.</param>
internal readonly record struct CompressionAgreement(int Window, string Answer)
{
    /// <summary>The window of deflate, if the client asks for no smaller one.</summary>
    public const int FullWindow = 1 << 15;

    private const string Extension = "permessage-deflate";
    private const string NoServerContext = "server_no_context_takeover";
    private const string NoClientContext = "client_no_context_takeover";
    private const string ServerBits = "server_max_window_bits";
    private const string ClientBits = "client_max_window_bits";

    /// <summary>Takes the first of a client's offers that is one of this extension and is well-formed; null if there is none.</summary>
    /// <param name="offers">What the client offers in Sec-WebSocket-Extensions, the best first.</param>
    public static CompressionAgreement? Find(IEnumerable<string> offers) => offers.Select(Take).FirstOrDefault(agreement => agreement is not null);

    private static CompressionAgreement? Take(string offer)
    {
        var parts = offer.Split(';', StringSplitOptions.TrimEntries);
        if (parts[0] != Extension)
        {
            return null;
        }

        var (window, answer) = (FullWindow, $"{Extension}; {NoServerContext}; {NoClientContext}");
        var seen = new HashSet<string>();
        foreach (var part in parts.Skip(1))
        {
            var (name, value) = Split(part);
            if (!seen.Add(name))
            {
                return null;
            }

            switch (name)
            {
                case NoServerContext or NoClientContext when value is null:
                    break;
                case ClientBits when value is null || Bits(value) is not null:
                    // Messages that stand for themselves can be inflated without a window of the server's, so any will do.
                    break;
                case ServerBits when value is not null && Bits(value) is { } bits:
                    (window, answer) = (1 << bits, $"{answer}; {ServerBits}={bits}");
                    break;
                default:
                    return null;
            }
        }

        return new(window, answer);
    }

    private static (string Name, string? Value) Split(string parameter)
    {
        var at = parameter.IndexOf('=', StringComparison.Ordinal);
        return at < 0
            ? (parameter, null)
            : (parameter[..at].TrimEnd(), parameter[(at + 1)..].Trim(' ', '\t', '"'));
    }

    /// <summary>8 to 15, without zeros before it; else null.</summary>
    private static int? Bits(string value) =>
        value.Length > 0 && value[0] != '0' && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bits) && bits is >= 8 and <= 15
            ? bits
            : null;
}
