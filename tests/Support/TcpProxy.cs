using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ChannelsNet.Support;

/// <summary>Stands on loopback before a server, so that a test can cut, stall and refuse connections which both ends think well of.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly int _target;
    private readonly ConcurrentDictionary<Link, byte> _links = new();
    private readonly Lock _gate = new();
    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;
    private TaskCompletionSource _flowing = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TcpProxy(int target)
    {
        _target = target;
        Port = Ports.Free();
        _flowing.SetResult();
    }

    public int Port { get; }

    /// <summary>host:port, where clients connect.</summary>
    public string Address => $"127.0.0.1:{Port}";

    /// <summary>How many connections there are.</summary>
    public int Connections => _links.Count;

    /// <summary>How long each portion is held back, either way. Default: not at all.</summary>
    public TimeSpan Delay { get; set; }

    /// <param name="address">host:port of a server on loopback.</param>
    public static TcpProxy Start(string address)
    {
        var proxy = new TcpProxy(int.Parse(address.AsSpan(address.LastIndexOf(':') + 1), System.Globalization.CultureInfo.InvariantCulture));
        proxy.Accept();
        return proxy;
    }

    /// <summary>Ends all connections at once, with what is under way in them (a reset).</summary>
    public void CutAll()
    {
        foreach (var link in _links.Keys)
        {
            link.Cut();
        }
    }

    /// <summary>Forwards nothing any more, either way; the connections stay, and new ones are taken.</summary>
    public void Pause()
    {
        lock (_gate)
        {
            if (_flowing.Task.IsCompleted)
            {
                _flowing = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    /// <summary>Forwards again, first what came in the pause.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            _flowing.TrySetResult();
        }
    }

    /// <summary>Refuses new connections, as a port does where nobody listens. Those that are there stay.</summary>
    public void Refuse()
    {
        lock (_gate)
        {
            _listener?.Dispose();
            _listener = null;
        }
    }

    /// <summary>Takes new connections again.</summary>
    public void Accept()
    {
        lock (_gate)
        {
            if (_listener is null)
            {
                _listener = new TcpListener(IPAddress.Loopback, Port);
                _listener.Start();
                _accepting = AcceptAsync(_listener);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Refuse();
        await _accepting;
        Resume();
        CutAll();
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptSocketAsync();
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            _ = ForwardAsync(client);
        }
    }

    private async Task ForwardAsync(Socket client)
    {
        using var link = new Link(client);
        client.NoDelay = true;
        _links.TryAdd(link, 0);
        try
        {
            await link.Server.ConnectAsync(IPAddress.Loopback, _target);
            await Task.WhenAny(CopyAsync(client, link.Server), CopyAsync(link.Server, client));
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
        }

        _links.TryRemove(link, out _);
        link.Cut();
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        var portion = new byte[65_536];
        try
        {
            while (await from.ReceiveAsync(portion) is > 0 and var count)
            {
                if (Delay > TimeSpan.Zero)
                {
                    await Task.Delay(Delay);
                }

                await _flowing.Task;
                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(portion.AsMemory(sent, count - sent));
                }
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
        }
    }

    /// <summary>A client's connection and the one that stands for it at the server.</summary>
    private sealed class Link(Socket client) : IDisposable
    {
        public Socket Server { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        public void Cut()
        {
            Cut(client);
            Cut(Server);
        }

        public void Dispose() => Cut();

        private static void Cut(Socket socket)
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
            }

            socket.Dispose();
        }
    }
}
