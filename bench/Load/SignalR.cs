using System.Text;

namespace ChannelsNet.Bench.Load;

/// <summary>SignalR without negotiation: a handshake in JSON, then records, of which a message may hold several.</summary>
internal abstract class SignalR : Protocol
{
    protected const byte Separator = 0x1E;

    protected abstract string Name { get; }

    public sealed override void Upgraded(Client client, Connection connection, long now)
    {
        connection.Stage = Stage.Greeting;
        client.Send(connection, Frames.Write(1, Encoding.ASCII.GetBytes($$"""{"protocol":"{{Name}}","version":1}""" + (char)Separator)));
    }

    public sealed override ReadOnlySpan<byte> Read(Client client, Connection connection, ReadOnlySpan<byte> message, long now)
    {
        if (connection.Stage == Stage.Greeting)
        {
            var end = message.IndexOf(Separator);
            if (end < 0)
            {
                return message;
            }

            if (!message[..end].SequenceEqual("{}"u8))
            {
                throw new ServerFailedException($"SignalR refused: {Encoding.UTF8.GetString(message[..end])}");
            }

            message = message[(end + 1)..];
            connection.Stage = Stage.Open;
            client.Work.Opened(connection, now);
        }

        while (connection.Stage == Stage.Open && RecordLength(message) is > 0 and var length && length <= message.Length)
        {
            Deliver(client, connection, message[..length], now);
            message = message[length..];
        }

        return message;
    }

    protected override string Path(Role role) => role == Role.Subscribe ? "/hub?subscribe" : "/hub";

    /// <summary>How long the first record is; 0 when that is not known yet.</summary>
    protected abstract int RecordLength(ReadOnlySpan<byte> bytes);

    protected static string Method(Role role) => role == Role.Publish ? "Publish" : "Echo";
}

/// <summary>A record is JSON and a separator.</summary>
internal sealed class SignalRJson : SignalR
{
    protected override string Name => "json";

    public override byte[] Frame(Role role, string text) => Frames.Write(
        1, Encoding.ASCII.GetBytes($$"""{"type":1,"target":"{{Method(role)}}","arguments":["{{text}}"]}""" + (char)Separator));

    protected override int RecordLength(ReadOnlySpan<byte> bytes) => bytes.IndexOf(Separator) + 1;
}

/// <summary>A record is MessagePack behind its length, which is written in groups of 7 bits, the lowest first.</summary>
internal sealed class SignalRMessagePack : SignalR
{
    protected override string Name => "messagepack";

    public override byte[] Frame(Role role, string text)
    {
        // An array of 6: type 1, no headers, no id, the method, its arguments, no streams.
        List<byte> record = [0x96, 1, 0x80, 0xC0, (byte)(0xA0 | Method(role).Length), .. Encoding.ASCII.GetBytes(Method(role))];
        record.AddRange([0x91, 0xDA, (byte)(text.Length >> 8), (byte)text.Length, .. Encoding.ASCII.GetBytes(text), 0x90]);
        List<byte> head = [];
        for (var length = record.Count; length > 0; length >>= 7)
        {
            head.Add((byte)(length > 127 ? (length & 127) | 128 : length));
        }

        return Frames.Write(2, [.. head, .. record]);
    }

    protected override int RecordLength(ReadOnlySpan<byte> bytes)
    {
        var length = 0;
        for (var i = 0; i < Math.Min(5, bytes.Length); i++)
        {
            length |= (bytes[i] & 127) << (7 * i);
            if (bytes[i] < 128)
            {
                return i + 1 + length;
            }
        }

        return 0;
    }
}
