using System.IO.Pipelines;
using System.Net.Sockets;
using ChannelsNet.WebSockets.Sending;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ChannelsNet.WebSockets;

/// <summary>
/// Sits between the framework's WebSocket handshake and the server, and keeps the stream that the server gives. The framework's WebSocket is neither read nor
/// written.
/// </summary>
internal sealed class WebSocketUpgrade(HttpContext context) : IHttpUpgradeFeature, IHttpExtendedConnectFeature
{
    private readonly IHttpUpgradeFeature? _upgrade = context.Features.Get<IHttpUpgradeFeature>();
    private readonly IHttpExtendedConnectFeature? _connect = context.Features.Get<IHttpExtendedConnectFeature>();
    private Socket? _socket;
    private Stream? _stream;

    public bool IsUpgradableRequest => _upgrade is { IsUpgradableRequest: true };

    public bool IsExtendedConnect => _connect is { IsExtendedConnect: true };

    public string? Protocol => _connect?.Protocol;

    /// <summary>Replaces the features of the server by this, if the request can be upgraded by them. A server with WebSockets of its own keeps them.</summary>
    public static void Install(HttpContext context)
    {
        var upgrade = new WebSocketUpgrade(context);
        if (upgrade is { IsUpgradableRequest: false, IsExtendedConnect: false })
        {
            return;
        }

        context.Features.Set(upgrade);
        context.Features.Set<IHttpUpgradeFeature>(upgrade);
        context.Features.Set<IHttpExtendedConnectFeature>(upgrade);
        context.Features.Set<IHttpWebSocketFeature>(null);
    }

    /// <summary>Where to write for the client, once the request has been upgraded.</summary>
    public IOutput Output() => SocketOutput.Create(_socket, _stream!, context.Response.Headers);

    /// <summary>
    /// Where to read from the client, once the request has been upgraded: for HTTP/1.1 on Kestrel the pipe of the connection, which Kestrel no longer reads.
    /// </summary>
    public PipeReader Input() =>
        DirectTransport.IsOn && HttpProtocol.IsHttp11(context.Request.Protocol) && context.Features.Get<IConnectionTransportFeature>() is { } transport
            ? transport.Transport.Input
            : PipeReader.Create(_stream!, new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true));

    public async Task<Stream> UpgradeAsync()
    {
        _socket = DirectTransport.IsOn ? SocketOutput.Find(context) : null;
        try
        {
            return _stream = await _upgrade!.UpgradeAsync().ConfigureAwait(false);
        }
        catch (InvalidOperationException exception) when (!context.Response.HasStarted)
        {
            throw new UpgradeRejectedException(exception);
        }
    }

    public async ValueTask<Stream> AcceptAsync() => _stream = await _connect!.AcceptAsync().ConfigureAwait(false);
}
