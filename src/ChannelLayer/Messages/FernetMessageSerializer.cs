using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using ChannelsNet.Messages.Values;

namespace ChannelsNet.Messages;

/// <summary>Encrypts what another serializer writes, as channels_redis does with <c>symmetric_encryption_keys</c>: Fernet.</summary>
/// <param name="inner">Writes and reads what is encrypted.</param>
/// <param name="keys">The first one encrypts, every one decrypts, so that keys can be changed while messages travel.</param>
/// <param name="timeToLive">How old a message may be; null for no check, as channels_redis has it over publish and subscribe.</param>
/// <param name="time">Dates and checks messages.</param>
internal sealed class FernetMessageSerializer(
    IMessageSerializer inner, IReadOnlyList<string> keys, TimeSpan? timeToLive, TimeProvider time) : IMessageSerializer
{
    // Fernet's: how far the clock of a sender may be ahead of ours.
    private const int MaxSecondsAhead = 60;

    private readonly FernetKey[] _keys = keys.Count > 0
        ? [.. keys.Select(key => new FernetKey(key))]
        : throw new ArgumentException("There is no key; expected one or more, the first of which encrypts.", nameof(keys));

    public void Serialize(Message message, MessageRoute route, IBufferWriter<byte> output)
    {
        using var plain = new PooledBuffer();
        inner.Serialize(message, route, plain);

        Span<byte> iv = stackalloc byte[FernetKey.IvLength];
        RandomNumberGenerator.Fill(iv);
        using var token = new PooledBuffer();
        _keys[0].Seal(plain.Written, Now(), iv, token);

        var text = output.GetSpan(Base64.GetMaxEncodedToUtf8Length(token.Length));
        output.Advance(EncodeBase64Url(token.Written, text));
    }

    public Message Deserialize(ReadOnlyMemory<byte> payload, out MessageRoute route)
    {
        using var token = new PooledBuffer();
        var space = token.GetSpan(Base64.GetMaxDecodedFromUtf8Length(payload.Length));
        if (payload.Length % 4 != 0
            || Base64Url.DecodeFromUtf8(payload.Span, space, out var read, out var length) != OperationStatus.Done
            || read != payload.Length
            || !FernetKey.IsToken(space[..length]))
        {
            throw new FormatException(
                $"What came is not a token: {payload.Length} bytes that are no Fernet. Expected an encrypted message; "
                + "does the sender have keys?");
        }

        token.Advance(length);
        var key = Array.Find(_keys, key => key.Fits(token.Written)) ?? throw new FormatException(
            $"A token came that no key fits, of {_keys.Length}. It was made with another key, or changed on its way; "
            + "add the sender's key.");
        RequireTimely(FernetKey.Seconds(token.Written));

        using var plain = new PooledBuffer();
        try
        {
            key.Open(token.Written, plain);
        }
        catch (CryptographicException fault)
        {
            throw new FormatException("What came is not a token: its key fits, and what it holds can't be decrypted.", fault);
        }

        return inner.Deserialize(plain.WrittenMemory, out route);
    }

    /// <summary>With padding, which .NET leaves out of base64url and Python does not.</summary>
    private static int EncodeBase64Url(ReadOnlySpan<byte> token, Span<byte> text)
    {
        var length = Base64Url.EncodeToUtf8(token, text);
        var padded = (length + 3) / 4 * 4;
        text[length..padded].Fill((byte)'=');
        return padded;
    }

    private void RequireTimely(ulong madeAt)
    {
        if (timeToLive is not { } limit)
        {
            return;
        }

        // What Python compares are whole seconds; 128 bits, since the sender may have written any 64.
        Int128 age = (Int128)Now() - madeAt;
        if (age > (long)limit.TotalSeconds || age < -MaxSecondsAhead)
        {
            throw new FormatException(
                $"A token came that has expired: it is {age} s old. Expected {-MaxSecondsAhead} to {(long)limit.TotalSeconds} s; "
                + "if messages do not wait that long, compare the clocks.");
        }
    }

    private long Now() => time.GetUtcNow().ToUnixTimeSeconds();
}
