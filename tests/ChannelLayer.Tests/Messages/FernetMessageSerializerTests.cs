using System.Buffers;
using System.Buffers.Text;
using System.Text;
using ChannelsNet.Messages.Values;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Messages;

public sealed class FernetMessageSerializerTests
{
    private const string Token =
        "gAAAAABlU_EAAAECAwQFBgcICQoLDA0ODx5LtkGuKZoPLod9IY8O128DyKqub6BeVTqV81ajIQUT9Pe-VEotBQ4w7xBMjww0ijX2AiA8za_xZHBDWL6wPA8=";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1700000000));

    private static byte[] Iv => [.. Enumerable.Range(0, 16).Select(number => (byte)number)];

    [Fact]
    public void A_token_of_python_is_read() =>
        Assert.Equal(new Chat("hi"), With(["secret-key"], ttl: 70).Read(Encoding.ASCII.GetBytes(Token)));

    [Fact]
    public void A_token_has_the_bytes_that_python_writes()
    {
        using var token = new PooledBuffer();
        new FernetKey("secret-key").Seal(Inner.Write(new Chat("hi")), 1700000000, Iv, token);
        Assert.Equal(Base64Url.DecodeFromChars(Token), token.Written.ToArray());
    }

    /// <summary>The digest's halves are the two keys: a token by another hand, made of the digest alone, must fit.</summary>
    [Fact]
    public void A_key_may_have_any_letters()
    {
        var digest = Convert.FromHexString("0effbeda54ca2490b3aad7a321c2728d819bb77c7c838d4d40d95e5f68262ff4");
        using var aes = System.Security.Cryptography.Aes.Create();
        aes.Key = digest[16..];
        byte[] signed = [0x80, 0, 0, 0, 0, 0x65, 0x53, 0xf1, 0, .. Iv, .. aes.EncryptCbc(Inner.Write(new Chat("hi")), Iv)];
        byte[] token = [.. signed, .. System.Security.Cryptography.HMACSHA256.HashData(digest[..16], signed)];

        Assert.Equal(new Chat("hi"), With(["clé-秘密"]).Read(Text(token)));
    }

    [Fact]
    public void Nothing_of_a_message_is_seen_and_no_two_tokens_are_alike()
    {
        var serializer = With(["key"]);
        var first = serializer.Write(new Chat("hi"));
        Assert.NotEqual(first, serializer.Write(new Chat("hi")));
        Assert.DoesNotContain("chat", Encoding.ASCII.GetString(first), StringComparison.Ordinal);
        Assert.Equal(0, first.Length % 4);
    }

    [Fact]
    public void The_first_key_writes_and_every_key_reads()
    {
        var old = With(["old"]);
        var both = With(["new", "old"]);

        Assert.Equal(new Chat("a"), both.Read(old.Write(new Chat("a"))));
        Assert.Equal(new Chat("b"), With(["new"]).Read(both.Write(new Chat("b"))));
        AssertFault("no key fits", () => old.Read(both.Write(new Chat("c"))));
    }

    [Theory]
    [InlineData(70, true)]
    [InlineData(71, false)]
    [InlineData(-60, true)]
    [InlineData(-61, false)]
    public void A_token_is_read_while_it_is_timely(int age, bool isRead)
    {
        var serializer = With(["secret-key"], ttl: 70);
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1700000000 + age));
        var reader = new FernetMessageSerializer(Inner, ["secret-key"], TimeSpan.FromSeconds(70), clock);
        var token = serializer.Write(new Chat("hi"));
        if (isRead)
        {
            Assert.Equal(new Chat("hi"), reader.Read(token));
        }
        else
        {
            AssertFault("has expired", () => reader.Read(token));
        }
    }

    [Fact]
    public void Without_a_time_to_live_no_time_is_checked()
    {
        var reader = With(["secret-key"]);
        _time.Advance(TimeSpan.FromDays(10_000));
        Assert.Equal(new Chat("hi"), reader.Read(Encoding.ASCII.GetBytes(Token)));
    }

    [Fact]
    public void A_time_beyond_all_clocks_has_expired_too()
    {
        using var token = new PooledBuffer();
        new FernetKey("key").Seal(Inner.Write(new Chat("hi")), -1, Iv, token);
        AssertFault("has expired", () => With(["key"], ttl: 60).Read(Text(token.Written)));
    }

    [Fact]
    public void A_message_that_is_not_encrypted_is_refused()
    {
        var fault = Assert.Throws<FormatException>(() => With(["key"]).Read(Inner.Write(new Chat("hi"))));
        Assert.Contains("not a token", fault.Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => Inner.Read(With(["key"]).Write(new Chat("hi"))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("gAAA")]
    [InlineData("====")]
    [InlineData("not base64url!!!")]
    public void What_is_not_a_token_is_refused(string text) =>
        AssertFault("not a token", () => With(["key"]).Read(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Every_changed_bit_is_noticed()
    {
        var serializer = With(["secret-key"], ttl: 70);
        var token = Base64Url.DecodeFromChars(Token);
        for (var bit = 0; bit < token.Length * 8; bit++)
        {
            var changed = token.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            var text = Text(changed);
            AssertFault(bit < 8 ? "not a token" : "no key fits", () => serializer.Read(text));
        }
    }

    [Fact]
    public void There_must_be_a_key() => Assert.Throws<ArgumentException>(() => With([]));

    [Fact]
    public void The_route_is_encrypted_too()
    {
        var output = new ArrayBufferWriter<byte>();
        With(["key"]).Serialize(new Chat("hi"), new MessageRoute { Except = "a!b" }, output);
        With(["key"]).Deserialize(output.WrittenMemory, out var route);
        Assert.Equal(new MessageRoute { Except = "a!b" }, route);
    }

    private static MessagePackMessageSerializer Inner { get; } = new(Samples.Types);

    private FernetMessageSerializer With(string[] keys, int? ttl = null) =>
        new(Inner, keys, ttl is { } seconds ? TimeSpan.FromSeconds(seconds) : null, _time);

    private static byte[] Text(ReadOnlySpan<byte> token) =>
        Encoding.ASCII.GetBytes(Convert.ToBase64String(token).Replace('+', '-').Replace('/', '_'));

    private static void AssertFault(string text, Action act) =>
        Assert.Contains(text, Assert.Throws<FormatException>(act).Message, StringComparison.Ordinal);
}

public sealed class EncryptedMessagePackTests : MessageSerializerContract
{
    private protected override IMessageSerializer Create(MessageTypes types) =>
        new FernetMessageSerializer(new MessagePackMessageSerializer(types), ["new", "old"], TimeSpan.FromSeconds(70), TimeProvider.System);
}

public sealed class EncryptedJsonTests : MessageSerializerContract
{
    private protected override IMessageSerializer Create(MessageTypes types) =>
        new FernetMessageSerializer(new JsonMessageSerializer(types), ["key"], timeToLive: null, TimeProvider.System);
}
