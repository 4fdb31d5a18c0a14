using System.Net.WebSockets;
using ChannelsNet.Security;
using ChannelsNet.WebSockets.Compression;
using ChannelsNet.WebSockets.Receiving;
using ChannelsNet.WebSockets.Sending;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet.WebSockets;

/// <summary>The response that opens a WebSocket (RFC 6455, 4.2.2), and what it leads to: where to read and to write.</summary>
internal sealed class WebSocketHandshake
{
    /// <summary>The headers that the handshake itself sets.</summary>
    private static readonly string[] _ownHeaders =
    [
        HeaderNames.Connection, HeaderNames.Upgrade, HeaderNames.SecWebSocketAccept, HeaderNames.SecWebSocketExtensions, HeaderNames.SecWebSocketProtocol,
    ];

    private readonly WebSocket _socket;
    private readonly WebSocketUpgrade? _upgrade;
    private readonly CompressionAgreement? _compression;

    private WebSocketHandshake(WebSocket socket, WebSocketUpgrade? upgrade, CompressionAgreement? compression)
    {
        _socket = socket;
        _upgrade = upgrade;
        _compression = compression;
        Output = upgrade?.Output() ?? new WebSocketOutput(socket);
    }

    /// <summary>Where to write for the client.</summary>
    public IOutput Output { get; }

    /// <summary>Whether pings can be sent. A server that keeps frames to itself sends its own.</summary>
    public bool CanPing => _upgrade is not null;

    /// <summary>How far back a compressed message may refer, in bytes; 0 if messages are not compressed.</summary>
    public int DeflateWindow => _compression?.Window ?? 0;

    public WebSocketReader CreateReader(WebSocketConnection connection, SendQueue queue, int maxMessageSize) => _upgrade is null
        ? new FrameworkReader(_socket, connection, maxMessageSize)
        : new FrameReader(_upgrade.Input(), connection, queue, maxMessageSize, _compression is not null);

    /// <summary>Checks what an application accepts with, before anything is changed.</summary>
    /// <param name="accept">The subprotocol and the headers.</param>
    /// <param name="offered">The subprotocols that the client offers.</param>
    /// <exception cref="InvalidOperationException">The client does not offer the subprotocol, or a header can't be sent.</exception>
    public static void Require(WebSocketAccept accept, IReadOnlyList<string> offered)
    {
        if (accept.Subprotocol is { } subprotocol && !offered.Contains(subprotocol, StringComparer.Ordinal))
        {
            throw new InvalidOperationException(
                $"The WebSocket was to be accepted with the subprotocol \"{subprotocol}\", and the client offers "
                + (offered.Count == 0 ? "none" : string.Join(", ", offered.Select(one => $"\"{one}\"")))
                + ". A client ends a connection with a subprotocol that it did not offer. Accept with one of Scope.Subprotocols, or with none.");
        }

        foreach (var (name, values) in accept.Headers ?? new HeaderDictionary())
        {
            if (_ownHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                throw new InvalidOperationException(
                    $"The WebSocket was to be accepted with the header \"{name}\", which belongs to the handshake. Expected other headers; a subprotocol is an "
                    + "argument of AcceptAsync.");
            }

            RequireSendable(name, values);
        }
    }

    /// <summary>The subprotocols that a client offers. One that is not a token (RFC 9110, 5.6.2) can't be in a response, so it is left out.</summary>
    public static IReadOnlyList<string> Subprotocols(HttpContext context) => context.WebSockets.WebSocketRequestedProtocols is { Count: > 0 } offered
        ? Array.FindAll([.. offered], HttpToken.Is).AsReadOnly()
        : [];

    /// <summary>Makes the handshake.</summary>
    /// <exception cref="UpgradeRejectedException">The server takes no more upgraded connections. The response can still be another one.</exception>
    public static async Task<WebSocketHandshake> AcceptAsync(HttpContext context, WebSocketAccept accept, WebSocketConnectionOptions options)
    {
        foreach (var (name, value) in accept.Headers ?? new HeaderDictionary())
        {
            context.Response.Headers[name] = value;
        }

        var upgrade = context.Features.Get<WebSocketUpgrade>();
        var compression = options.Compression && upgrade is not null
            ? CompressionAgreement.Find(context.Request.Headers.GetCommaSeparatedValues(HeaderNames.SecWebSocketExtensions))
            : null;
        if (compression is { Answer: var answer })
        {
            context.Response.Headers.SecWebSocketExtensions = answer;
        }

        try
        {
            var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
            {
                SubProtocol = accept.Subprotocol ?? BearerSubprotocol.Answer(context),
                KeepAliveInterval = Timeout.InfiniteTimeSpan,
            }).ConfigureAwait(false);
            return new WebSocketHandshake(socket, upgrade, compression);
        }
        catch (Exception) when (!context.Response.HasStarted)
        {
            // The response will be another one.
            foreach (var name in _ownHeaders.Concat(accept.Headers?.Keys ?? []))
            {
                context.Response.Headers.Remove(name);
            }

            throw;
        }
    }

    private static void RequireSendable(string name, StringValues values)
    {
        if (!HttpToken.Is(name))
        {
            throw new InvalidOperationException(
                $"The WebSocket was to be accepted with a header named \"{name}\". Expected a name of ASCII letters, digits and \"-\", such as \"X-Node\".");
        }

        foreach (var value in values)
        {
            if (value.AsSpan().IndexOfAnyExceptInRange(' ', '~') is >= 0 and var at)
            {
                throw new InvalidOperationException(
                    $"The WebSocket was to be accepted with the header \"{name}\", whose value has U+{(int)value![at]:X4} at {at}. Expected visible ASCII and "
                    + "spaces; encode other text, for example by Uri.EscapeDataString.");
            }
        }
    }
}
