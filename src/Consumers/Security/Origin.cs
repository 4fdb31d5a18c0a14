using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ChannelsNet.Security;

/// <summary>An origin (RFC 6454): <c>scheme "://" host [ ":" port ]</c> and nothing else, in lower case.</summary>
/// <param name="Scheme">Such as "https".</param>
/// <param name="Host">A name or an address; of IPv6 in brackets.</param>
/// <param name="Port">The port, which is the scheme's own if none is written; null for a scheme that has none.</param>
internal readonly record struct Origin(string Scheme, string Host, int? Port)
{
    private static readonly SearchValues<char> _inScheme = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789+-.");
    private static readonly SearchValues<char> _inHost = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-._");

    /// <summary>Whether it is of a kind that web pages have.</summary>
    public bool IsWeb => Scheme is "http" or "https";

    public static bool TryParse(string text, out Origin origin)
    {
        origin = default;
        var lower = text.ToLowerInvariant();
        var end = lower.IndexOf("://", StringComparison.Ordinal);
        if (end <= 0 || !char.IsAsciiLetter(lower[0]) || lower.AsSpan(0, end).ContainsAnyExcept(_inScheme)
            || !TrySplit(lower[(end + 3)..], out var host, out var port))
        {
            return false;
        }

        var scheme = lower[..end];
        origin = new Origin(scheme, host, port ?? DefaultPort(scheme));
        return true;
    }

    /// <summary>Takes a host, or an address, and a port apart.</summary>
    /// <param name="authority">In lower case.</param>
    /// <param name="host">A name or an address; of IPv6 in brackets.</param>
    /// <param name="port">The port if one is written.</param>
    public static bool TrySplit(string authority, [NotNullWhen(true)] out string? host, out int? port)
    {
        (host, port) = (null, null);
        var end = authority.StartsWith('[') ? authority.IndexOf(']') + 1 : authority.IndexOf(':');
        end = end < 0 ? authority.Length : end;
        var name = authority[..end];
        if (name.StartsWith('['))
        {
            if (!IPAddress.TryParse(name.AsSpan(1, name.Length - 2), out var address) || address.AddressFamily != AddressFamily.InterNetworkV6)
            {
                return false;
            }

            name = $"[{address}]";
        }
        else if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(_inHost))
        {
            return false;
        }

        if (end < authority.Length)
        {
            if (authority[end] != ':' || !ushort.TryParse(authority.AsSpan(end + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
            {
                return false;
            }

            port = number;
        }

        host = name;
        return true;
    }

    private static int? DefaultPort(string scheme) => scheme switch
    {
        "http" or "ws" => 80,
        "https" or "wss" => 443,
        _ => null,
    };
}
