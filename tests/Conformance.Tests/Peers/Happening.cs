using System.Security.Cryptography;
using System.Text;

namespace ChannelsNet.Conformance.Peers;

/// <summary>Puts what comes from a server into words that can be compared and read.</summary>
internal static class Happening
{
    private const int Longest = 64;

    public static string Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    public static string Text(ReadOnlySpan<byte> payload) => Describe(Opcode.Text, payload);

    public static string Binary(ReadOnlySpan<byte> payload) => Describe(Opcode.Binary, payload);

    public static string Pong(string payload = "") => Pong(Encoding.UTF8.GetBytes(payload));

    public static string Pong(ReadOnlySpan<byte> payload) => Describe(Opcode.Pong, payload);

    public static string Describe(Opcode opcode, ReadOnlySpan<byte> payload) => payload.Length <= Longest
        ? $"{opcode} {Convert.ToHexString(payload)}"
        : $"{opcode} of {payload.Length} bytes, {Convert.ToHexString(SHA256.HashData(payload))}";
}
