using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace ChannelsNet.Security;

/// <summary>
/// One entry of a list of allowed origins: <c>[scheme "://"] ["."] host [":" port]</c>, or <c>*</c> for any. What is not written is not looked at,
/// but with a scheme the port is that of the scheme.
/// </summary>
internal sealed record OriginPattern
{
    private readonly bool _any;
    private readonly string? _scheme;
    private readonly string _host = "";
    private readonly bool _subdomains;
    private readonly int? _port;

    private OriginPattern(bool any) => _any = any;

    private OriginPattern(string? scheme, string host, bool subdomains, int? port) =>
        (_scheme, _host, _subdomains, _port) = (scheme, host, subdomains, port);

    /// <summary>Whether it admits everything, also what is no origin.</summary>
    public bool IsAny => _any;

    /// <summary>What is wrong with a pattern that could never match, and what to write; null if it is good.</summary>
    public static string? Fault(string? text) => TryParse(text, out _, out var fault) ? null : fault;

    public static bool TryParse(string? text, [NotNullWhen(true)] out OriginPattern? pattern, [NotNullWhen(false)] out string? fault)
    {
        (pattern, fault) = (null, null);
        if (text == "*")
        {
            pattern = new OriginPattern(any: true);
            return true;
        }

        fault = $"The origin \"{text}\" can never match. {Advice(text)}";
        var lower = text?.ToLowerInvariant() ?? "";
        var start = lower.IndexOf("://", StringComparison.Ordinal);
        var scheme = start < 0 ? null : lower[..start];
        var authority = start < 0 ? lower : lower[(start + 3)..];
        var subdomains = authority.StartsWith('.');
        authority = Bracketed(subdomains ? authority[1..] : authority);
        if (scheme is "ws" or "wss" || authority is "null" || (subdomains && authority.StartsWith('.'))
            || !Origin.TrySplit(authority, out var host, out var port)
            || (scheme is not null && !Origin.TryParse($"{scheme}://{authority}", out _)))
        {
            return false;
        }

        if (scheme is not null && Origin.TryParse($"{scheme}://{authority}", out var whole))
        {
            port = whole.Port;
        }

        pattern = new OriginPattern(scheme, host, subdomains, port);
        fault = null;
        return true;
    }

    public bool Matches(Origin origin) =>
        _any
        || ((_scheme is null || _scheme == origin.Scheme)
            && (_port is null ? _scheme is null || origin.Port is null : _port == origin.Port)
            && (_host == origin.Host || (_subdomains && origin.Host.EndsWith($".{_host}", StringComparison.Ordinal))));

    private static string Advice(string? text)
    {
        const string Forms =
            "Write a host (\"example.com\"), a host and its subdomains (\".example.com\"), either with a port (\"example.com:8000\") or as an origin "
            + "(\"https://example.com\"), or \"*\" for any.";
        if (string.IsNullOrWhiteSpace(text))
        {
            return Forms;
        }

        var start = text.IndexOf("://", StringComparison.Ordinal);
        var scheme = start < 0 ? "" : text[..(start + 3)].ToLowerInvariant().Replace("ws", "http", StringComparison.Ordinal);
        var authority = start < 0 ? text : text[(start + 3)..];
        authority = authority[..(authority.IndexOfAny(['/', '?', '#']) is >= 0 and var end ? end : authority.Length)];
        authority = authority.StartsWith("*.", StringComparison.Ordinal) ? authority[1..] : authority;
        var better = scheme + authority;
        return better != text && Fault(better) is null ? $"Write \"{better}\"." : Forms;
    }

    /// <summary>An address of IPv6 may stand without its brackets where no port follows.</summary>
    private static string Bracketed(string authority) =>
        !authority.StartsWith('[') && IPAddress.TryParse(authority, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6
            ? $"[{authority}]"
            : authority;
}
