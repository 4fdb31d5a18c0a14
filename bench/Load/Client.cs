using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ChannelsNet.Bench.Load;

/// <summary>
/// All connections of a run on one thread: a turn waits for what has come and reads it, a read for each connection, into one buffer
/// that all share. Only the rest of a frame that is not whole is kept with its connection.
/// </summary>
internal sealed class Client(Protocol protocol, Work work) : IDisposable
{
    private readonly int _poll = Kernel.OpenPoll();
    private readonly byte[] _events = new byte[1024 * Kernel.EventSize];
    private readonly byte[] _buffer = new byte[1024 * 1024];
    private readonly List<Connection?> _connections = [];
    private readonly List<Connection> _unsent = [];

    public Protocol Protocol { get; } = protocol;

    public Work Work { get; } = work;

    /// <summary>Begins a handshake; <see cref="Load.Work.Opened"/> tells when it is done.</summary>
    public Connection Open(int port, Role role)
    {
        var started = Stopwatch.GetTimestamp();
        var connection = new Connection(_connections.Count, Kernel.Connect(port), started);
        _connections.Add(connection);
        Kernel.Watch(_poll, connection.Socket, connection.Number);
        Send(connection, Protocol.Upgrade(role));
        return connection;
    }

    /// <summary>Opens many, 50 at a time.</summary>
    public Connection[] OpenAll(int count, int[] ports, Role role)
    {
        var opened = new List<Connection>(count);
        while (opened.Count < count || opened.Exists(connection => connection.Stage != Stage.Open))
        {
            var underWay = opened.Count(connection => connection.Stage != Stage.Open);
            while (opened.Count < count && underWay++ < 50)
            {
                opened.Add(Open(ports[opened.Count % ports.Length], role));
            }

            Turn(100);
        }

        return [.. opened];
    }

    /// <summary>Never reads from a connection again.</summary>
    public void Stall(Connection connection) => Kernel.Unwatch(_poll, connection.Socket);

    public void Close(Connection connection)
    {
        if (connection.Stage != Stage.Ended)
        {
            connection.Stage = Stage.Ended;
            _connections[connection.Number] = null;
            Kernel.Reset(connection.Socket);
        }
    }

    /// <summary>Sends now what the kernel takes, and the rest in later turns.</summary>
    public void Send(Connection connection, ReadOnlySpan<byte> bytes)
    {
        var sent = connection.Outgoing is { WrittenCount: > 0 } ? 0 : Kernel.Send(connection.Socket, bytes);
        if (sent < bytes.Length)
        {
            if (connection.Outgoing is not { WrittenCount: > 0 })
            {
                _unsent.Add(connection);
            }

            (connection.Outgoing ??= new()).Write(bytes[sent..]);
        }
    }

    /// <summary>Reads all that has come, after waiting for it at most so long.</summary>
    public void Turn(int milliseconds)
    {
        if (_unsent.Count > 0)
        {
            SendRest();
            milliseconds = Math.Min(milliseconds, 1);
        }

        var count = Kernel.Wait(_poll, _events, milliseconds);
        for (var i = 0; i < count; i++)
        {
            var number = MemoryMarshal.Read<int>(_events.AsSpan(((i + 1) * Kernel.EventSize) - 8));
            if (_connections[number] is { } connection)
            {
                Read(connection);
            }
        }
    }

    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            if (connection is not null)
            {
                Kernel.Reset(connection.Socket);
            }
        }
    }

    private void SendRest()
    {
        foreach (var connection in _unsent.ToArray())
        {
            var rest = connection.Outgoing!.WrittenSpan.ToArray();
            connection.Outgoing.Clear();
            _unsent.Remove(connection);
            Send(connection, rest);
        }
    }

    private void Read(Connection connection)
    {
        var kept = 0;
        if (connection.Frame is { WrittenCount: > 0 } frame)
        {
            frame.WrittenSpan.CopyTo(_buffer);
            kept = frame.WrittenCount;
            frame.Clear();
        }

        var count = Kernel.Receive(connection.Socket, _buffer.AsSpan(kept));
        if (count < 0)
        {
            throw new ServerFailedException($"The server has ended connection {connection.Number}, which was {connection.Stage}.");
        }

        var now = Stopwatch.GetTimestamp();
        var rest = Frames.Read(this, connection, _buffer.AsSpan(0, kept + count), now);
        if (rest.Length > 0 && connection.Stage != Stage.Ended)
        {
            (connection.Frame ??= new()).Write(rest);
        }
    }
}
