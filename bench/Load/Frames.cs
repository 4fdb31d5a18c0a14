using System.Buffers;
using System.Buffers.Binary;

namespace ChannelsNet.Bench.Load;

/// <summary>A client's side of the WebSocket protocol (RFC 6455, 5.2).</summary>
internal static class Frames
{
    private const int Final = 0x80;
    private const int Masked = 0x80;

    /// <summary>A whole message. It is masked, as a client's must be, by the key 0, which changes nothing.</summary>
    public static byte[] Write(int opcode, ReadOnlySpan<byte> payload)
    {
        var head = payload.Length < 126 ? 6 : 8;
        var frame = new byte[head + payload.Length];
        frame[0] = (byte)(Final | opcode);
        frame[1] = (byte)(Masked | Math.Min(payload.Length, 126));
        if (head == 8)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), checked((ushort)payload.Length));
        }

        payload.CopyTo(frame.AsSpan(head));
        return frame;
    }

    /// <summary>Takes what has come to a connection; what is left is the beginning of something whose end has not come.</summary>
    public static ReadOnlySpan<byte> Read(Client client, Connection connection, ReadOnlySpan<byte> bytes, long now)
    {
        if (connection.Stage == Stage.Upgrading)
        {
            var end = bytes.IndexOf("\r\n\r\n"u8);
            if (end < 0)
            {
                return bytes;
            }

            if (!bytes.StartsWith("HTTP/1.1 101"u8))
            {
                throw new ServerFailedException($"Expected the status 101, got \"{System.Text.Encoding.ASCII.GetString(bytes[..bytes.IndexOf((byte)'\r')])}\".");
            }

            bytes = bytes[(end + 4)..];
            client.Protocol.Upgraded(client, connection, now);
        }

        while (connection.Stage != Stage.Ended && bytes.Length >= 2)
        {
            var (head, length) = bytes[1] switch
            {
                < 126 => (2, bytes[1]),
                126 => bytes.Length >= 4 ? (4, BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])) : (4, int.MaxValue - 4),
                _ => bytes.Length >= 10 ? (10, checked((int)BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]))) : (10, int.MaxValue - 10),
            };
            if (bytes.Length < head + length)
            {
                break;
            }

            Take(client, connection, bytes[0], bytes.Slice(head, length), now);
            bytes = bytes[(head + length)..];
        }

        return bytes;
    }

    private static void Take(Client client, Connection connection, byte kind, ReadOnlySpan<byte> payload, long now)
    {
        switch (kind & 15)
        {
            case 8:
                throw new ServerFailedException($"The server has closed connection {connection.Number}.");
            case 9:
                client.Send(connection, Write(10, payload));
                return;
            case 10:
                return;
        }

        if ((kind & Final) != 0 && connection.Message is not { WrittenCount: > 0 })
        {
            var rest = client.Protocol.Read(client, connection, payload, now);
            if (rest.Length > 0)
            {
                (connection.Message ??= new()).Write(rest);
            }

            return;
        }

        var message = connection.Message ??= new();
        message.Write(payload);
        if ((kind & Final) != 0)
        {
            var rest = client.Protocol.Read(client, connection, message.WrittenSpan, now).ToArray();
            message.Clear();
            message.Write(rest);
        }
    }
}
