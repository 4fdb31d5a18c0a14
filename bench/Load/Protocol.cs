using System.Text;

namespace ChannelsNet.Bench.Load;

/// <summary>What a connection is for.</summary>
internal enum Role
{
    Publish,
    Subscribe,
    Echo,
    Soak,
}

/// <summary>What goes over a WebSocket: how it begins, how a text is sent, where texts stand in what comes.</summary>
internal abstract class Protocol
{
    public static Protocol Named(string name) => name switch
    {
        "websocket" => new PlainProtocol(),
        "signalr-json" => new SignalRJson(),
        "signalr-messagepack" => new SignalRMessagePack(),
        _ => throw new ArgumentException($"\"{name}\" is no protocol; write websocket, signalr-json or signalr-messagepack."),
    };

    /// <summary>The request for a WebSocket.</summary>
    public byte[] Upgrade(Role role) => Encoding.ASCII.GetBytes(
        $"GET {Path(role)} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");

    /// <summary>The frame with a text.</summary>
    public abstract byte[] Frame(Role role, string text);

    /// <summary>The WebSocket stands.</summary>
    public virtual void Upgraded(Client client, Connection connection, long now)
    {
        connection.Stage = Stage.Open;
        client.Work.Opened(connection, now);
    }

    /// <summary>Tells the work of all texts in a message; what is left is the beginning of one whose end is in the next message.</summary>
    public abstract ReadOnlySpan<byte> Read(Client client, Connection connection, ReadOnlySpan<byte> message, long now);

    protected abstract string Path(Role role);

    /// <summary>Tells the work of the text in these bytes, if there is one.</summary>
    protected static void Deliver(Client client, Connection connection, ReadOnlySpan<byte> bytes, long now)
    {
        if (Text.FindNumber(bytes) is >= 0 and var number)
        {
            client.Work.Received(connection, number, now);
        }
    }
}

/// <summary>A text message is a text, perhaps with JSON around it.</summary>
internal sealed class PlainProtocol : Protocol
{
    public override byte[] Frame(Role role, string text) => Frames.Write(1, Encoding.ASCII.GetBytes(text));

    public override ReadOnlySpan<byte> Read(Client client, Connection connection, ReadOnlySpan<byte> message, long now)
    {
        client.Work.Received(connection, message, now);
        return default;
    }

    protected override string Path(Role role) => role switch
    {
        Role.Publish => "/publish/",
        Role.Subscribe => "/subscribe/",
        Role.Soak => "/soak/",
        _ => "/echo/",
    };
}
