using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using ChannelsNet.InMemory;
using ChannelsNet.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChannelsNet;

[MessageType("test.note")]
public sealed record Note(string Text) : Message;

/// <summary>A real Kestrel on a free port, its log, and real WebSocket clients.</summary>
public sealed class TestServer : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly LogRecorder _log = new();

    private TestServer(Action<IServiceCollection>? services, Action<WebApplication> map, Action<ListenOptions>? listen)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen ?? (_ => { })));
        builder.Logging.AddProvider(_log);
        builder.Services.AddChannels().AddMessage<Note>();
        services?.Invoke(builder.Services);
        App = builder.Build();
        map(App);
    }

    public WebApplication App { get; }

    public IChannelLayer Layer => App.Services.GetRequiredService<IChannelLayer>();

    /// <summary>What is in the memory of the layer.</summary>
    internal LocalDelivery Local => ((InMemoryChannelLayer)((ObservedChannelLayer)Layer).Inner).Local;

    /// <summary>What has been logged as an error.</summary>
    public IReadOnlyCollection<string> Errors => _log.Errors;

    public string Address => App.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public Uri UriOf(string path) => new(Address.Replace("http", "ws", StringComparison.Ordinal) + path);

    public static async Task<TestServer> StartAsync(
        Action<WebApplication> map, Action<IServiceCollection>? services = null, Action<ListenOptions>? listen = null)
    {
        var server = new TestServer(services, map, listen);
        await server.App.StartAsync();
        return server;
    }

    /// <summary>Serves one application at /ws/.</summary>
    public static Task<TestServer> StartAsync(
        IApplication application, Action<IServiceCollection>? services = null, Action<ListenOptions>? listen = null) => StartAsync(
        app => app.MapChannels(new ProtocolTypeRouter { WebSocket = new UrlRouter { ["ws/"] = application } }), services, listen);

    /// <summary>Lets the operating system take in only a few kilobytes for a client, so that one that does not read is soon noticed.</summary>
    public static void SendLittle(IServiceCollection services) => services.Configure<SocketTransportOptions>(options =>
        options.CreateBoundListenSocket = endpoint =>
        {
            var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            socket.SendBufferSize = 8 * 1024;
            return socket;
        });

    public async Task<WebSocketClient> ConnectAsync(
        string path = "/ws/", Action<ClientWebSocketOptions>? options = null, HttpMessageInvoker? invoker = null)
    {
        var socket = new ClientWebSocket();
        options?.Invoke(socket.Options);
        using var patience = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(UriOf(path), invoker, patience.Token);
        return new WebSocketClient(socket);
    }

    /// <summary>What a client gets that asks for a WebSocket: 101 if it is accepted.</summary>
    public async Task<HttpStatusCode> StatusAsync(string path, params IEnumerable<(string Name, string Value)> headers)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        foreach (var (name, value) in headers)
        {
            socket.Options.SetRequestHeader(name, value);
        }

        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await socket.ConnectAsync(UriOf(path), patience.Token);
        }
        catch (WebSocketException) when (socket.HttpStatusCode != 0)
        {
            // It has been refused, and the status says how.
        }

        return socket.HttpStatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync();
        await App.DisposeAsync();
    }

    private sealed class LogRecorder : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _errors = new();

        public IReadOnlyCollection<string> Errors => _errors;

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                _errors.Enqueue($"{formatter(state, exception)} {exception?.Message}");
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Dispose()
        {
        }
    }
}

/// <summary>A client with time-outs.</summary>
public sealed class WebSocketClient(WebSocket socket) : IDisposable
{
    public ClientWebSocket Socket => (ClientWebSocket)socket;

    public async Task SendAsync(string text)
    {
        using var patience = new CancellationTokenSource(TestServer.Patience);
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
    }

    public async Task SendAsync(byte[] bytes, bool endOfMessage = true)
    {
        using var patience = new CancellationTokenSource(TestServer.Patience);
        await socket.SendAsync(bytes, WebSocketMessageType.Binary, endOfMessage, patience.Token);
    }

    /// <summary>The next message as text; for a close "close CODE REASON".</summary>
    public async Task<string> ReceiveAsync()
    {
        using var patience = new CancellationTokenSource(TestServer.Patience);
        var buffer = new byte[256 * 1024];
        var length = 0;
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(length), patience.Token);
            length += part.Count;
            if (part.MessageType == WebSocketMessageType.Close)
            {
                return $"close {(int)socket.CloseStatus!} {socket.CloseStatusDescription}".TrimEnd();
            }

            if (part.EndOfMessage)
            {
                return Encoding.UTF8.GetString(buffer, 0, length);
            }
        }
    }

    public async Task CloseAsync(int code = 1000)
    {
        using var patience = new CancellationTokenSource(TestServer.Patience);
        await socket.CloseAsync((WebSocketCloseStatus)code, null, patience.Token);
    }

    /// <summary>Ends the connection without a close.</summary>
    public void Abort() => socket.Abort();

    public void Dispose() => socket.Dispose();
}
