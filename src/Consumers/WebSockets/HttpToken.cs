using System.Buffers;

namespace ChannelsNet.WebSockets;

/// <summary>A token of HTTP (RFC 9110, 5.6.2), such as the name of a header or of a subprotocol.</summary>
internal static class HttpToken
{
    private static readonly SearchValues<char> _characters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    public static bool Is(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(_characters);
}
