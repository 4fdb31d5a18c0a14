using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ChannelsNet.Messages.Values;

namespace ChannelsNet.Messages;

/// <summary>
/// One key of Fernet, as channels_redis makes it of a string, and the tokens made with it. A token, before it is written as base64url:
/// <c>0x80 ‖ uint64 big-endian Unix seconds ‖ IV ‖ AES-128-CBC with PKCS#7 ‖ HMAC-SHA256 of all before</c>.
/// </summary>
internal sealed class FernetKey
{
    public const int IvLength = 16;

    private const byte Version = 0x80;
    private const int BlockLength = 16;
    private const int HeadLength = 1 + sizeof(ulong) + IvLength;
    private const int HmacLength = HMACSHA256.HashSizeInBytes;

    private readonly byte[] _sign;
    private readonly byte[] _crypt;

    public FernetKey(string key)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        (_sign, _crypt) = (digest[..16], digest[16..]);
    }

    /// <summary>Whether the bytes have the form of a token; nothing is known of who made it.</summary>
    public static bool IsToken(ReadOnlySpan<byte> token) =>
        token.Length >= HeadLength + BlockLength + HmacLength
        && token[0] == Version
        && (token.Length - HeadLength - HmacLength) % BlockLength == 0;

    public static ulong Seconds(ReadOnlySpan<byte> token) => BinaryPrimitives.ReadUInt64BigEndian(token[1..]);

    public void Seal(ReadOnlySpan<byte> plain, long seconds, ReadOnlySpan<byte> iv, PooledBuffer output)
    {
        using var aes = Aes.Create();
        aes.Key = _crypt;
        var token = output.Append(HeadLength + aes.GetCiphertextLengthCbc(plain.Length) + HmacLength);
        token[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(token[1..], seconds);
        iv.CopyTo(token[(HeadLength - IvLength)..]);
        aes.EncryptCbc(plain, iv, token[HeadLength..^HmacLength]);
        HMACSHA256.HashData(_sign, token[..^HmacLength], token[^HmacLength..]);
    }

    /// <summary>Whether this key made the token. Takes as long for every wrong one.</summary>
    public bool Fits(ReadOnlySpan<byte> token)
    {
        Span<byte> hmac = stackalloc byte[HmacLength];
        HMACSHA256.HashData(_sign, token[..^HmacLength], hmac);
        return CryptographicOperations.FixedTimeEquals(hmac, token[^HmacLength..]);
    }

    /// <summary>Decrypts a token that fits.</summary>
    public void Open(ReadOnlySpan<byte> token, PooledBuffer output)
    {
        using var aes = Aes.Create();
        aes.Key = _crypt;
        var cipher = token[HeadLength..^HmacLength];
        var space = output.GetSpan(cipher.Length);
        output.Advance(aes.DecryptCbc(cipher, token[(HeadLength - IvLength)..HeadLength], space));
    }
}
